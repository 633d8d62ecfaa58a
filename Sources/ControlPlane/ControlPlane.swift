// The target ControlPlane.
