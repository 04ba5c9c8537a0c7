"""HTTP to addresses that others chose: guarded, bounded, never redirected. For every channel that speaks HTTP."""
