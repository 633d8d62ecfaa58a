// The target Transport.
