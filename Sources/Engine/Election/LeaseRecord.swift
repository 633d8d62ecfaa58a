import API
import Domain
import Resources

/// What a Lease (`coordination.k8s.io/v1`) says, and how it is written.
struct LeaseRecord: Hashable, Sendable {
    let uid: String
    let resourceVersion: String
    /// Everything that a holder writes. While it stays the same nobody has renewed.
    let spec: Document
    /// The last term's number; 0 where the annotation is missing or is no number of ours.
    let epoch: Int64
    private let hasAnnotations: Bool

    /// `nil` for something that is not a stored object.
    init?(_ object: Document) {
        let metadata = ObjectMetadata(of: object)
        guard !metadata.uid.isEmpty, !metadata.resourceVersion.isEmpty else { return nil }
        uid = metadata.uid
        resourceVersion = metadata.resourceVersion
        spec = object["spec"] ?? .object(Fields())
        epoch = Term.epoch { metadata.annotation($0) } ?? 0
        hasAnnotations = !metadata.annotations.isEmpty
    }

    /// The process that has it; empty for nobody.
    var holder: String { spec["holderIdentity"]?.stringValue ?? "" }

    /// How long the holder counts on it after each renewal.
    var duration: TimeSpan {
        let seconds = spec["leaseDurationSeconds"]?.integerValue ?? 0
        return .seconds(min(max(seconds, 0), 3600))
    }

    /// What a candidate writes to take it.
    func taking(_ settings: Election.Settings, now: Timestamp) -> Document {
        let count = spec["leaseTransitions"]?.integerValue ?? 0
        return Self.spec(settings, now: now, transitions: min(max(count, 0), 1_000_000_000) + 1)
    }

    /// What the first holder writes.
    static func first(_ settings: Election.Settings, now: Timestamp) -> Document {
        spec(settings, now: now, transitions: 0)
    }

    /// What the holder makes of what it wrote before, to keep it.
    static func renewing(_ spec: Document, now: Timestamp) -> Document {
        var spec = spec
        spec["renewTime"] = .string(text(now))
        return spec
    }

    /// What the holder makes of it to give it up: anybody may take it at once.
    static func releasing(_ spec: Document, now: Timestamp) -> Document {
        var spec = renewing(spec, now: now)
        spec["holderIdentity"] = ""
        spec["leaseDurationSeconds"] = 1
        return spec
    }

    /// The change of exactly the record that was seen.
    func change(_ key: ResourceKey, spec: Document, epoch: Int64) -> WriteRequest {
        let annotations = "/metadata/annotations"
        var operations: [PatchOperation] = [
            .init(.test, "/metadata/uid", .string(uid)),
            .init(.test, "/metadata/resourceVersion", .string(resourceVersion)),
        ]
        if !hasAnnotations { operations.append(.init(.add, annotations, .object(Fields()))) }
        operations += [
            .init(
                .add, "\(annotations)/\(PatchOperation.escape(Names.epoch))",
                .string(String(epoch))),
            .init(.add, "/spec", spec),
        ]
        return .jsonPatch(key, operations)
    }

    /// The Lease for POST.
    static func object(_ key: ResourceKey, spec: Document, epoch: Int64) -> WriteRequest {
        .create(
            key,
            [
                "apiVersion": .string(key.kind.apiVersion), "kind": .string(key.kind.kind),
                "metadata": [
                    "name": .string(key.name), "namespace": .string(key.namespace),
                    "labels": [Names.managedByLabel: .string(Names.managedByValue)],
                    "annotations": [Names.epoch: .string(String(epoch))],
                ],
                "spec": spec,
            ])
    }

    private static func spec(
        _ settings: Election.Settings, now: Timestamp, transitions: Int64
    ) -> Document {
        [
            "holderIdentity": .string(settings.identity),
            "leaseDurationSeconds": .integer(
                max(1, (settings.leaseDuration.milliseconds + 999) / 1000)),
            "acquireTime": .string(text(now)), "renewTime": .string(text(now)),
            "leaseTransitions": .integer(transitions),
        ]
    }

    /// For people and other tools: nobody decides by times in a Lease.
    private static func text(_ now: Timestamp) -> String { now.rfc3339(fractionDigits: 6) }
}
