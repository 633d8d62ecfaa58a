package import Domain

/// The controllers of the control plane, run by whoever holds the store after its changes and
/// from time to time.
package enum ControllerLoop {
    /// Lets every controller look once at the store.
    package static func run(_ store: inout Store, now: Timestamp) {
        CustomResources.reconcile(&store, now: now)
    }
}
