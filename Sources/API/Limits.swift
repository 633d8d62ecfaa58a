package import Domain

/// Bounds of the API; the decoder and the CRD schema both take them from here.
package enum Limits {
    package static let versions = 1...16
    package static let versionName = 40
    package static let uri = 2048
    package static let image = 512
    package static let replicas = 1...1000
    package static let parentRefs = 1...8
    package static let hostnames = 0...16
    package static let path = 1024
    package static let steps = 0...32
    package static let stepHold = TimeSpan.zero...TimeSpan.hours(24 * 31)
    package static let bake = TimeSpan.zero...TimeSpan.hours(24 * 31)
    package static let unreadyMax = 0...1000
    package static let unreadyFor = TimeSpan.zero...TimeSpan.hours(1)
    package static let restartsMax = 0...1000
    package static let progressDeadline = TimeSpan.seconds(1)...TimeSpan.hours(24)
    package static let probes = 0...8
    package static let cases = 1...100
    /// All cases of a release as canonical JSON.
    package static let caseBytes = 256 * 1024
    package static let probeEvery = TimeSpan.seconds(1)...TimeSpan.hours(24)
    package static let probeTimeout = TimeSpan.milliseconds(100)...TimeSpan.seconds(60)
    package static let goldenPath = 512
    /// A pod template as canonical JSON.
    package static let templateBytes = 64 * 1024
    package static let templateDepth = 24
    package static let url = 2048
    package static let branch = 200
    package static let interval = TimeSpan.seconds(1)...TimeSpan.hours(24)
    package static let author = 256
    package static let serviceAccounts = 0...64
    /// A status as canonical JSON.
    package static let statusBytes = 64 * 1024
}
