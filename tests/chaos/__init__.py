"""The campaign: real load, real faults, and a checker that trusts nothing inside the system."""
