import API
import Domain
import Observed

/// The ModelReleases that were read last, so that an event about a pod or an endpoint does not
/// read the whole release again. A release is kept as a whole only while something happens to it:
/// of ten thousand most are never here.
struct ReleaseReadings: Sendable {
    private struct Reading: Sendable {
        let uid: String
        let version: String
        let decoded: DecodeResult<ModelRelease>
    }

    private var readings: [NamespacedName: Reading] = [:]

    /// So many are kept at most.
    private static let limit = 64

    /// The release as ``ReleaseRecord/decoded`` reads it.
    mutating func read(_ record: ReleaseRecord) -> DecodeResult<ModelRelease> {
        let metadata = record.metadata
        // Without a version nobody knows whether it is the same.
        guard !metadata.resourceVersion.isEmpty else { return record.decoded }
        if let known = readings[metadata.id], known.version == metadata.resourceVersion,
            known.uid == metadata.uid
        {
            return known.decoded
        }
        let decoded = sameSpec(record).map { .decoded($0) } ?? record.decoded
        if readings.count >= Self.limit { readings = [:] }
        readings[metadata.id] = .init(
            uid: metadata.uid, version: metadata.resourceVersion, decoded: decoded)
        return decoded
    }

    /// Most changes of a release are of its status: the server counts those of the spec in the
    /// generation.
    private func sameSpec(_ record: ReleaseRecord) -> ModelRelease? {
        guard record.metadata.generation > 0, let known = readings[record.metadata.id],
            known.uid == record.metadata.uid, let release = known.decoded.value,
            release.metadata.generation == record.metadata.generation
        else { return nil }
        return record.decoded(withSpecOf: release)
    }
}
