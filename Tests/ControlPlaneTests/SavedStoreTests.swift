import Documents
import Domain
import Testing

@testable import ControlPlane

/// A store as bytes and back.
@Suite struct SavedStoreTests {
    private static let now = Timestamp(milliseconds: 1_700_000_000_000)
    private let context = WriteContext(now: now, manager: "test")
    private let widgets = ResourceKind(
        group: "example.com", version: "v1", kind: "Widget", plural: "widgets")
    private let definition: Document = [
        "metadata": ["name": "widgets.example.com"],
        "spec": [
            "group": "example.com", "scope": "Namespaced",
            "names": ["kind": "Widget", "plural": "widgets"],
            "versions": [
                [
                    "name": "v1", "served": true, "storage": true,
                    "schema": [
                        "openAPIV3Schema": [
                            "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                        ]
                    ],
                ]
            ],
        ],
    ]

    private func key(_ name: String) -> ResourceKey {
        ResourceKey(.configMap, namespace: "default", name: name)
    }

    private func newStore() -> Store {
        var store = Store(seed: 7, now: Self.now)
        store.notesChanges()
        return store
    }

    private func copy(_ store: Store, place: String = "here") -> [UInt8] {
        var bytes: [UInt8] = []
        store.save(place: place) { bytes += $0 }
        return bytes
    }

    private func read(_ bytes: some Collection<UInt8>) throws -> SavedStore {
        var reader = SavedStoreReader()
        try reader.feed(Array(bytes))
        return try reader.finish()
    }

    /// Makes a change and hands back the lines in which it is kept.
    private func kept(
        _ store: inout Store, _ change: (inout Store) throws -> Void
    ) rethrows -> [UInt8] {
        try change(&store)
        defer { store.noteSaved() }
        return store.unsavedLines
    }

    private func config(_ name: String, _ value: Document) -> Document {
        ["metadata": ["name": .string(name)], "data": ["k": value]]
    }

    /// All a store says of itself.
    private func picture(_ store: Store) -> [Document] {
        store.registry.definitions.map(\.kind).sorted().flatMap { store.objects($0) }
    }

    /// Three kinds of changes after a copy, with what the store was after each.
    private func story() throws -> (pieces: [[UInt8]], stores: [Store]) {
        var store = newStore()
        var pieces = [copy(store)]
        var stores = [store]
        let changes: [(inout Store) throws -> Void] = [
            { try CustomResources.install(definition, into: &$0, now: Self.now) },
            { store in
                try store.create(.configMap, namespace: "default", config("a", "1"), context)
                try store.create(
                    widgets, namespace: "default",
                    ["metadata": ["generateName": "w-"], "size": 1.5, "text": "ä\n\"\\"], context)
            },
            { store in
                try store.create(
                    .service, namespace: "default",
                    ["metadata": ["name": "s"], "spec": ["ports": [["port": 80]]]], context)
            },
            { store in
                try store.update(key("a"), context) { old in
                    var new = old
                    new.set(["data", "k"], to: "2")
                    return new
                }
            },
            { try $0.delete(key("a"), context) },
        ]
        for change in changes {
            pieces.append(try kept(&store, change))
            stores.append(store)
        }
        return (pieces, stores)
    }

    @Test func aCopyIsTheSameCluster() throws {
        let store = try #require(try story().stores.last)
        let saved = try read(copy(store, place: "p"))
        #expect(picture(saved.store) == picture(store))
        #expect(saved.store.version == store.version)
        #expect(saved.place == "p")
        #expect(saved.copied == saved.length)
        #expect(saved.dropped == 0)
        #expect(!saved.isClosed)
        // Objects that know each other by uid are known by uid.
        let namespace = ResourceKey(.namespace, namespace: "", name: "default")
        let uid = try store.get(namespace).objectUID
        #expect(saved.store.key(uid: uid) == namespace)
        // What came before the copy is not known any more.
        #expect(throws: APIStatus.self) {
            try saved.store.events(.configMap, after: store.version - 1)
        }
        #expect(try saved.store.events(.configMap, after: store.version).isEmpty)
    }

    @Test func itGoesOnAsIfItHadNeverEnded() throws {
        let (pieces, stores) = try story()
        var old = try #require(stores.last)
        let journal = Array(pieces.joined())
        for bytes in [journal, copy(old)] {
            var new = try read(bytes).store
            var same = old
            for kind in [ResourceKind.configMap, widgets, .service] {
                let object: Document = [
                    "metadata": ["generateName": "x-"], "spec": ["ports": [["port": 1]]],
                ]
                let made = try new.create(kind, namespace: "default", object, context)
                #expect(made == (try same.create(kind, namespace: "default", object, context)))
            }
        }
        // An address that a Service holds is not given to another.
        let service = ResourceKey(.service, namespace: "default", name: "s")
        let address = try #require(try old.get(service).at("spec", "clusterIP"))
        var new = try read(journal).store
        #expect(throws: APIStatus.self) {
            try new.create(
                .service, namespace: "default",
                [
                    "metadata": ["name": "t"],
                    "spec": ["clusterIP": address, "ports": [["port": 1]]],
                ], context)
        }
        try old.delete(service, context)
    }

    @Test func watchesGoOnWhereTheChangesAreKnown() throws {
        let (pieces, stores) = try story()
        let saved = try read(pieces.joined())
        let start = stores[0].version
        for kind in [ResourceKind.configMap, .service, CustomResources.kind, widgets] {
            let old = try #require(stores.last).events(kind, after: start)
            let new = try saved.store.events(kind, after: start)
            #expect(!old.isEmpty)
            #expect(new.map(\.object) == old.map(\.object))
            #expect(new.map(\.change) == old.map(\.change))
            #expect(new.map(\.version) == old.map(\.version))
        }
        #expect(throws: APIStatus.self) { try saved.store.events(.namespace, after: start - 1) }
    }

    @Test func aFileMayEndAnywhereInItsLastRecords() throws {
        let (pieces, stores) = try story()
        let bytes = Array(pieces.joined())
        var whole = pieces[0].count
        for (index, piece) in pieces.enumerated().dropFirst() {
            // A piece of more than eight changes would have several lines; these have one.
            for length in whole..<(whole + piece.count) {
                let saved = try read(bytes[..<length])
                #expect(saved.length == whole)
                #expect(saved.dropped == length - whole)
                #expect(saved.copied == pieces[0].count)
                #expect(saved.store.version == stores[index - 1].version)
            }
            #expect(picture(try read(bytes[..<whole]).store) == picture(stores[index - 1]))
            whole += piece.count
        }
        // The copy itself is never half there.
        for length in [0, 5, pieces[0].count / 2, pieces[0].count - 1] {
            #expect(throws: SavedStoreDamage.self) { try read(bytes[..<length]) }
        }
    }

    @Test func aDamagedEndIsDroppedAndADamagedMiddleIsNamed() throws {
        let (pieces, stores) = try story()
        let bytes = Array(pieces.joined())
        var ends: [Int] = []
        for piece in pieces { ends.append((ends.last ?? 0) + piece.count) }
        let lines = bytes.split(separator: UInt8(ascii: "\n")).count
        for offset in ends[4]..<(ends[5] - 1) {
            var damaged = bytes
            damaged[offset] ^= 1
            let saved = try read(damaged)
            #expect(saved.length == ends[4])
            #expect(saved.store.version == stores[4].version)
        }
        for offset in stride(from: 0, to: ends[4] - 1, by: 7) {
            var damaged = bytes
            damaged[offset] ^= 1
            let error = #expect(throws: SavedStoreDamage.self) { try read(damaged) }
            guard let error, offset >= pieces[0].count else { continue }
            #expect(error.offset <= offset && offset - error.offset < 10_000)
            #expect(error.line < lines)
            #expect(error.description.hasSuffix("damaged: the checksum does not fit"))
        }
    }

    @Test func aMissingLineIsNoticed() throws {
        let (pieces, _) = try story()
        let bytes = pieces[0] + pieces[1...].dropFirst(2).joined()
        let error = #expect(throws: SavedStoreDamage.self) { try read(bytes) }
        #expect(error?.reason.hasPrefix("version ") == true)
    }

    @Test func whatIsNoStateIsNamed() throws {
        let other = "hello, world\nhow are you\n"
        let error = #expect(throws: SavedStoreDamage.self) { try read(other.utf8) }
        #expect(error?.description == "line 1 (byte 0): this is no state of a sandbox")
        #expect(throws: SavedStoreDamage.self) { try read([]) }
        let text = String(decoding: copy(newStore()), as: UTF8.self)
        let header = try #require(text.split(separator: "\n").first).dropFirst(9)
        let newer = Array(header.replacing("\"format\":1", with: "\"format\":2").utf8)
        let line = SavedLine.write(try JSON.parse(newer))
        let refused = #expect(throws: SavedStoreDamage.self) { try read(line) }
        #expect(
            refused?.reason
                == "written by another version of slipway: format 2, this one reads 1")
    }

    @Test func aGapLeavesNoVersionTwice() throws {
        var store = try #require(try story().stores.last)
        let before = store.version
        let bytes = copy(store)
        var lost = store
        let seen = try lost.create(
            .configMap, namespace: "default", ["metadata": ["generateName": "x-"]], context)
        store.leaveGap()
        let opened = store.openedLine(place: "there")
        let saved = try read(bytes + opened + store.closedLine)
        #expect(saved.place == "there")
        #expect(saved.isClosed)
        var new = saved.store
        #expect(new.version == store.version)
        let made = try new.create(
            .configMap, namespace: "default", ["metadata": ["generateName": "x-"]], context)
        #expect(made.objectUID != seen.objectUID)
        #expect(made.objectName != seen.objectName)
        #expect(try #require(Int64(made.objectVersion)) > before + 1000)
        // Who has seen what was lost reads anew.
        #expect(throws: APIStatus.self) { try new.events(.configMap, after: before + 1) }
    }

    @Test func manyChangesAtOnceAreManyLines() throws {
        var store = newStore()
        let start = copy(store)
        let lines = try kept(&store) { store in
            for number in 0..<100 {
                try store.create(
                    .configMap, namespace: "default", config("c\(number)", "1"), context)
            }
        }
        #expect(lines.split(separator: UInt8(ascii: "\n")).count == 13)
        let saved = try read(start + lines)
        #expect(picture(saved.store) == picture(store))
        #expect(saved.store.version == store.version)
        // What is left of the half of them is a store, too.
        let half = try read(start + lines.prefix(lines.count / 2))
        #expect(half.store.count(of: .configMap) > 30)
    }

    @Test func whatIsUndoneHasNeverHappened() throws {
        var store = try #require(try story().stores.last)
        try store.create(.configMap, namespace: "default", config("b", "1"), context)
        store.noteSaved()
        let before = store
        func changed(_ store: inout Store) throws {
            try CustomResources.install(
                GatewayDefinitions.all[0], into: &store, now: Self.now)
            try store.update(key("b"), context) { old in
                var new = old
                new.set(["data", "k"], to: "2")
                return new
            }
            try store.delete(key("b"), context)
            try store.create(
                .service, namespace: "default",
                ["metadata": ["name": "t"], "spec": ["ports": [["port": 80]]]], context)
            try store.delete(
                ResourceKey(.service, namespace: "default", name: "s"), context)
        }
        try changed(&store)
        #expect(store.hasUnsavedChanges)
        store.undoUnsaved()
        #expect(!store.hasUnsavedChanges)
        #expect(store.version == before.version)
        #expect(picture(store) == picture(before))
        #expect(store.registry.definitions.map(\.kind) == before.registry.definitions.map(\.kind))
        for kind in [ResourceKind.configMap, .service, CustomResources.kind] {
            #expect(store.lastChange(of: kind) == before.lastChange(of: kind))
        }
        // The same once more gives the same.
        var other = before
        try changed(&store)
        try changed(&other)
        #expect(picture(store) == picture(other))
        #expect(store.unsavedLines == other.unsavedLines)
    }

    @Test func theChecksumIsTheUsualOne() {
        #expect(Checksum.crc32("123456789".utf8) == 0xCBF4_3926)
        #expect(Checksum.crc32([]) == 0)
    }
}
