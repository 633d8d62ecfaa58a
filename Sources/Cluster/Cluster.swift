// The target Cluster.
