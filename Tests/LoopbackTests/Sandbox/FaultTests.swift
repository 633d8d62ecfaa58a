import Cluster
import ControlPlane
import Domain
import Resources
import Sandbox
import Synchronization
import Testing

/// The faults that a sandbox makes on purpose, seen by the client that has to bear them.
@Suite(.timeLimit(.minutes(3)))
struct SandboxFaultTests {
    // MARK: Watches

    @Test func aViewThatIsCutGoesOnWhereItWas() async throws {
        try await Bench.run { bench in
            try await bench.create("old")
            let view = LiveView(bench.client)
            #expect(await view.next() == "=old")
            for round in 0..<3 {
                try await bench.create("r\(round)")
                #expect(await view.next() == "+r\(round)")
                await bench.server.cutWatches()
                try await bench.delete("r\(round)")
                #expect(await view.next() == "-r\(round)")
            }
            await view.stop()
            #expect(bench.log.lists == 1, "a cut is no reason to read everything again")
            let versions = bench.log.watches
            #expect(versions.count >= 4)
            #expect(versions == versions.sorted(), "a watch goes on from what was seen")
        }
    }

    @Test func aViewThatWasAwayTooLongReadsEverythingAgain() async throws {
        try await Bench.run { bench in
            let view = LiveView(bench.client)
            #expect(await view.next() == "=")
            try await bench.create("a")
            #expect(await view.next() == "+a")
            await bench.server.inject(
                SandboxFault(count: .max, .disconnect, matching: RequestLog.isWatch))
            await bench.server.cutWatches()
            try await bench.create("b")
            try await bench.delete("a")
            await bench.server.change { store, _ in store.compact(upTo: store.version) }
            await bench.server.clearFaults()
            #expect(await view.next() == "=b")
            try await bench.create("c")
            #expect(await view.next() == "+c")
            await view.stop()
        }
    }

    @Test func aChangeFromInsideIsSeenByEverybody() async throws {
        try await Bench.run { bench in
            let view = LiveView(bench.client)
            #expect(await view.next() == "=")
            let uid = try await bench.server.change { store, now in
                try store.create(
                    .configMap, namespace: "default", Bench.object("inside"),
                    WriteContext(now: now, manager: "kubelet")
                ).objectUID
            }
            #expect(await view.next() == "+inside")
            guard case .found(let object) = await bench.client.get(Bench.key("inside")) else {
                Issue.record("not found")
                return
            }
            #expect(object.objectUID == uid)
            await view.stop()
        }
    }

    // MARK: Writes

    private static func writes(_ object: Document) -> [String: WriteRequest] {
        var intent = Bench.object("a", value: "2")
        intent.set(["metadata", "uid"], to: .string(object.objectUID))
        return [
            "create": .create(Bench.key("new"), Bench.object("new")),
            "apply": .apply(Bench.key("a"), intent, force: true),
            "jsonPatch": .jsonPatch(
                Bench.key("a"),
                [
                    PatchOperation(.test, "/data/k", "1"),
                    PatchOperation(.replace, "/data/k", "2"),
                ]),
            "delete": .delete(Bench.key("a"), uid: object.objectUID, resourceVersion: nil),
        ]
    }

    @Test(arguments: [
        ("create", WriteRefusal.Kind.alreadyExists), ("apply", nil), ("jsonPatch", .conflict),
        ("delete", .notFound),
    ])
    func aWriteWhoseAnswerIsLostIsDoneOnceAndNotCalledRefused(
        name: String, again: WriteRefusal.Kind?
    ) async throws {
        try await Bench.run { bench in
            let object = try await bench.create("a")
            let write = try #require(Self.writes(object)[name])
            let before = await bench.server.store.version
            @Sendable func changes() async throws -> Int {
                try await bench.server.store.events(.configMap, after: before).count
            }
            await bench.server.inject(
                SandboxFault(.carryOutAndDisconnect) { $0.method != "GET" })
            switch await bench.client.perform(write) {
            case .unknown: break
            // The transport may send an apply again by itself; that changes nothing more.
            case .applied where again == nil: break
            case let outcome: Issue.record("\(name): \(outcome)")
            }
            #expect(try await changes() == 1, "it was carried out, and once")
            switch (await bench.client.perform(write), again) {
            case (.applied, nil): break
            case (.notApplied(let refusal), .some(let kind)): #expect(refusal.kind == kind)
            case (let outcome, _): Issue.record("\(name) again: \(outcome)")
            }
            #expect(try await changes() == 1)
        }
    }

    /// How late something comes; on a busy machine only the longer ones are late enough.
    private static let delays: [Duration] = [.milliseconds(500), .seconds(3), .seconds(10)]

    @Test func aLateWriteIsCarriedOutThoughNobodyWaits() async throws {
        try await Bench.run { bench in
            for (round, delay) in Self.delays.enumerated() {
                let name = "late\(round)"
                await bench.server.inject(
                    SandboxFault(.carryOutAfter(delay)) { $0.method == "POST" })
                let client = bench.client
                let write = Task {
                    await client.perform(.create(Bench.key(name), Bench.object(name)))
                }
                while bench.log.creations == round {
                    try await Task.sleep(for: .milliseconds(5))
                }
                write.cancel()
                guard case .unknown = await write.value else { continue }
                let isThere = try await bench.appears(name)
                #expect(isThere)
                return
            }
            Issue.record("the write was answered before it could be cancelled")
        }
    }

    @Test func aLateAnswerComesAfterTheWrite() async throws {
        try await Bench.run { bench in
            for (round, delay) in Self.delays.enumerated() {
                let name = "slow\(round)"
                await bench.server.inject(
                    SandboxFault(.answerAfter(delay)) { $0.method == "POST" })
                let client = bench.client
                let isAnswered = Atomic(false)
                async let write = {
                    let outcome = await client.perform(
                        .create(Bench.key(name), Bench.object(name)))
                    isAnswered.store(true, ordering: .releasing)
                    return outcome
                }()
                let isThere = try await bench.appears(name)
                let isSeenFirst = !isAnswered.load(ordering: .acquiring)
                #expect(isThere)
                guard case .applied = await write, isSeenFirst else { continue }
                return
            }
            Issue.record("the answer always came before the object")
        }
    }

    @Test func aFaultMeetsWhatItIsForAndNoMore() async throws {
        try await Bench.run { bench in
            let busy = APIStatus(
                code: 429, reason: "TooManyRequests", message: "too busy",
                details: {
                    var details = APIStatus.Details()
                    details.retryAfterSeconds = 7
                    return details
                }())
            await bench.server.inject(
                SandboxFault(count: 2, .refuse(busy)) { $0.path.hasSuffix("/configmaps") })
            #expect(await bench.client.get(Bench.key("a")) == .notFound)
            for _ in 0..<2 {
                let outcome = await bench.client.perform(
                    .create(Bench.key("a"), Bench.object("a")))
                guard case .notApplied(let refusal) = outcome else {
                    Issue.record("\(outcome)")
                    return
                }
                #expect(refusal.kind == .tooManyRequests)
                #expect(refusal.retryAfter == .seconds(7))
            }
            try await bench.create("a")
        }
    }

    @Test func aRequestThatMeetsAClosedDoorIsNotCarriedOut() async throws {
        try await Bench.run { bench in
            // On a kept connection the transport tries once more by itself.
            await bench.server.inject(
                SandboxFault(count: 2, .disconnect) { $0.method == "POST" })
            let outcome = await bench.client.perform(
                .create(Bench.key("a"), Bench.object("a")))
            guard case .unknown = outcome else {
                Issue.record("\(outcome)")
                return
            }
            await bench.server.clearFaults()
            #expect(await bench.client.get(Bench.key("a")) == .notFound)
        }
    }
}
