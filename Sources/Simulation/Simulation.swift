// The target Simulation.
