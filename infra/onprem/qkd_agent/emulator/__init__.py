"""An analytic decoy-state BB84 link with sampled counts. Everything it makes is labeled emulated."""
