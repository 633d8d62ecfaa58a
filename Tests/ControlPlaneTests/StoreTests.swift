import ControlPlane
import Domain
import Testing

@Suite struct StoreTests {
    private let now = Timestamp(milliseconds: 1_700_000_000_000)
    private var context: WriteContext { WriteContext(now: now, manager: "test") }
    private let key = ResourceKey(.configMap, namespace: "default", name: "a")

    private func stored(_ data: Document = ["k": "1"]) throws -> Store {
        var store = Store(seed: 7, now: now)
        try store.create(
            .configMap,
            namespace: "default",
            ["metadata": ["name": "a"], "data": data],
            context
        )
        return store
    }

    @Test func createsWithUidVersionAndTime() throws {
        let object = try stored().get(key)
        #expect(object.objectUID.utf8.count == 36)
        #expect(ResourceVersion(object.objectVersion) != nil)
        #expect(object.at("metadata", "creationTimestamp")?.stringValue == now.description)
    }

    @Test func refusesATakenName() throws {
        var store = try stored()
        #expect(throws: APIStatus.alreadyExists(.configMap, "a")) {
            try store.create(.configMap, namespace: "default", ["metadata": ["name": "a"]], context)
        }
    }

    @Test func refusesAnUnknownNamespace() throws {
        var store = try stored()
        #expect(throws: APIStatus.notFound(.namespace, "nosuch")) {
            try store.create(.configMap, namespace: "nosuch", ["metadata": ["name": "a"]], context)
        }
    }

    @Test func refusesAStaleVersion() throws {
        var store = try stored()
        let stale = try store.get(key)
        try store.update(key, context) { old in
            var new = old
            new["data"] = ["k": "2"]
            return new
        }
        #expect(throws: APIStatus.conflict(.configMap, "a")) {
            try store.replace(key, with: stale, context)
        }
    }

    @Test func doesNotWriteWhatChangesNothing() throws {
        var store = try stored()
        let before = store.version
        let object = try store.update(key, context) { $0 }
        #expect(store.version == before)
        #expect(object.objectVersion == String(before))
    }

    @Test func theSameSeedGivesTheSameStore() throws {
        #expect(try stored().get(key) == stored().get(key))
    }

    @Test func aCopyIsASnapshot() throws {
        var store = try stored()
        let snapshot = store
        try store.delete(key, context)
        #expect(store.object(key) == nil)
        #expect(snapshot.object(key) != nil)
    }

    @Test func finalizersHoldADeletedObject() throws {
        var store = try stored()
        try store.update(key, context) { old in
            var new = old
            new.set(["metadata", "finalizers"], to: ["slipway.test/hold"])
            return new
        }
        guard case .marked = try store.delete(key, context) else {
            Issue.record("the object is gone")
            return
        }
        try store.update(key, context) { old in
            var new = old
            new.set(["metadata", "finalizers"], to: nil)
            return new
        }
        #expect(store.object(key) == nil)
    }

    @Test func eventsTellWhatHappenedSinceAVersion() throws {
        var store = try stored()
        let since = store.version
        try store.update(key, context) { old in
            var new = old
            new["data"] = ["k": "2"]
            return new
        }
        try store.delete(key, context)
        let events = try store.events(.configMap, after: since)
        #expect(events.map(\.change) == [.modified, .deleted])
        #expect(events.map(\.version) == [since + 1, since + 2])
    }

    @Test func compactedVersionsAreTooOld() throws {
        var store = try stored()
        let since = store.version - 1
        #expect(try store.events(.configMap, after: since).count == 1)
        store.compact(upTo: store.version)
        #expect(throws: APIStatus.self) { try store.events(.configMap, after: since) }
        #expect(throws: APIStatus.self) { try store.events(.configMap, after: 1) }
    }

    @Test func historyIsBounded() throws {
        var store = try stored()
        store.historyLimit = 300
        let since = store.version
        for round in 0..<1000 {
            try store.update(key, context) { old in
                var new = old
                new["data"] = ["k": .integer(round)]
                return new
            }
        }
        #expect(!store.remembers(.configMap, since: since))
        #expect(store.remembers(.configMap, since: store.version - 300))
    }

    @Test func dependentsAreFoundByTheirOwner() throws {
        var store = try stored()
        let uid = try store.get(key).objectUID
        let child: Document = [
            "metadata": [
                "name": "child",
                "ownerReferences": [
                    ["apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": .string(uid)]
                ],
            ]
        ]
        try store.create(.configMap, namespace: "default", child, context)
        let expected = ResourceKey(.configMap, namespace: "default", name: "child")
        #expect(store.dependents(of: uid) == [expected])
        try store.delete(expected, context)
        #expect(store.dependents(of: uid).isEmpty)
    }

    @Test func podsThatRunAreGivenTime() throws {
        var store = Store(seed: 7, now: now)
        let pod: Document = [
            "metadata": ["name": "p"],
            "spec": ["nodeName": "n", "containers": [["name": "c", "image": "i:1"]]],
        ]
        try store.create(.pod, namespace: "default", pod, context)
        let key = ResourceKey(.pod, namespace: "default", name: "p")
        let marked = try store.delete(key, context).object
        #expect(marked.at("metadata", "deletionGracePeriodSeconds")?.integerValue == 30)
        let now = DeleteOptions(gracePeriodSeconds: 0)
        try store.delete(key, options: now, context)
        #expect(store.object(key) == nil)
    }
}
