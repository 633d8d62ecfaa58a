import Domain
import Testing

@testable import ControlPlane

/// Owners that were read before are a help: they say what the object says.
struct KnownOwnersTests {
    /// An object of one of three names, whose entries come, go, change and change places.
    private func object(_ draw: inout SeededGenerator) -> Document {
        let owners: [Document] = (0..<Int(draw.next() % 4)).map { _ in
            let fields: [Document] = [
                [:], ["f:spec": ["f:a": [:]]], ["f:spec": ["f:a": [:], "f:b": [:]]],
                ["f:metadata": ["f:labels": [".": [:], "f:x": [:]]]],
            ]
            return [
                "manager": .string(["alpha", "beta"][Int(draw.next() % 2)]),
                "operation": .string(["Apply", "Update", "Steal"][Int(draw.next() % 3)]),
                "apiVersion": .string(["v1", "v2"][Int(draw.next() % 2)]),
                "subresource": .string(["", "status"][Int(draw.next() % 2)]),
                "time": .string("2026-01-0\(1 + draw.next() % 3)T00:00:00Z"),
                "fieldsV1": fields[Int(draw.next() % 4)],
            ]
        }
        var metadata: Document = ["name": "a", "uid": .string("uid-\(draw.next() % 3)")]
        if draw.next() % 8 > 0 { metadata["managedFields"] = .array(owners) }
        return ["metadata": metadata]
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func ownersKeptEqualOwnersReadAnew(_ seed: UInt64) {
        var draw = SeededGenerator(seed: seed)
        var known = KnownOwners()
        for _ in 0..<5000 {
            let object = object(&draw)
            #expect(known.owners(of: object).entries == ManagedFields(of: object).entries)
        }
    }

    @Test func ofVeryManyObjectsTheLatestAreKept() {
        var known = KnownOwners()
        for number in 0..<1000 {
            let object: Document = [
                "metadata": [
                    "uid": .string("u\(number)"),
                    "managedFields": [
                        [
                            "manager": "alpha", "operation": "Apply", "apiVersion": "v1",
                            "fieldsV1": ["f:spec": ["f:a\(number)": [:]]],
                        ]
                    ],
                ]
            ]
            #expect(known.owners(of: object).entries == ManagedFields(of: object).entries)
        }
    }
}
