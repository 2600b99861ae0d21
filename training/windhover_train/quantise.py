"""Post-training quantisation: a bundle's image graph in eight bits, by NNCF, calibrated on frames it was trained on."""
