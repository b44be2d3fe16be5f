"""Pure rules: which event calls for which notice, how it is worded, what a safe address is."""
