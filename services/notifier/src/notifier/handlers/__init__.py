"""Use cases: plan a notice for an event, deliver one, keep a resident's wishes about mail."""
