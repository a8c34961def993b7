"""An analytic decoy-state BB84 link with sampled counts. All that it makes is labeled emulated."""
