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
    /// Those before: whoever is not asked for until the newer ones are full is forgotten.
    private var former: [NamespacedName: Reading] = [:]

    /// So many are kept at most, and as many former ones.
    private static let limit = 256

    /// The release as ``ReleaseRecord/decoded`` reads it.
    mutating func read(_ record: ReleaseRecord) -> DecodeResult<ModelRelease> {
        let metadata = record.metadata
        // Without a version nobody knows whether it is the same.
        guard !metadata.resourceVersion.isEmpty else { return record.decoded }
        let recent = readings[metadata.id]
        let known = recent ?? former[metadata.id]
        if let known, known.version == metadata.resourceVersion, known.uid == metadata.uid {
            if recent == nil { keep(known, of: metadata.id) }
            return known.decoded
        }
        let decoded = sameSpec(record, known).map { .decoded($0) } ?? record.decoded
        keep(
            .init(uid: metadata.uid, version: metadata.resourceVersion, decoded: decoded),
            of: metadata.id)
        return decoded
    }

    private mutating func keep(_ reading: Reading, of release: NamespacedName) {
        if readings.count >= Self.limit, readings[release] == nil {
            former = readings
            readings = [:]
        }
        readings[release] = reading
    }

    /// Most changes of a release are of its status: the server counts those of the spec in the
    /// generation.
    private func sameSpec(_ record: ReleaseRecord, _ known: Reading?) -> ModelRelease? {
        guard record.metadata.generation > 0, let known, known.uid == record.metadata.uid,
            let release = known.decoded.value,
            release.metadata.generation == record.metadata.generation
        else { return nil }
        return record.decoded(withSpecOf: release)
    }
}
