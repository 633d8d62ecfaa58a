// The target Daemon.
