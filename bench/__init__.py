"""What the speed claims are measured with: ratios within one run, never a lone absolute figure."""
