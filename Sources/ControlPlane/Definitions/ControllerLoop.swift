package import Domain

/// The controllers of the control plane, run by whoever holds the store after its changes and
/// from time to time.
package struct ControllerLoop: Sendable {
    private var controllers = Controllers()
    private var namespaces: Int64 = 0
    private var definitions: Int64 = 0

    package init() {}

    /// Lets every controller work until nothing changes any more, or for a bounded time, since
    /// two of them could disagree for ever.
    package mutating func run(_ store: inout Store, now: Timestamp) {
        if store.lastChange(of: CustomResources.kind) != definitions {
            CustomResources.reconcile(&store, now: now)
            // A definition that waits for its objects to go is looked at again.
            let isWaiting = store.objects(CustomResources.kind).contains { $0.isTerminating }
            definitions = isWaiting ? 0 : store.lastChange(of: CustomResources.kind)
        }
        if store.lastChange(of: .namespace) != namespaces {
            namespaces = store.lastChange(of: .namespace)
            ServiceAccounts.reconcile(&store, now: now)
        }
        controllers.settle(&store, now: now)
    }
}
