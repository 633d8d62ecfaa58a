package import Domain

/// Everything that a run is made of: the world's setting, what versions are like, and what people
/// and fate do at which time. The same schedule gives the same run; it has a form as text, so that
/// it can be kept, read and cut down.
package struct Schedule: Hashable, Sendable {
    /// Something that happens at a time.
    package struct Entry: Hashable, Sendable {
        /// From the start of the run.
        package var at: TimeSpan
        package var act: Act

        package init(at: TimeSpan, _ act: Act) {
            self.at = at
            self.act = act
        }
    }

    /// How long things take, by the name of what takes it.
    package enum Delay: String, Hashable, Sendable, CaseIterable {
        case write, fetch, push, gateway, proxies, restart
    }

    /// A fault that stays: everything has to settle all the same.
    package enum Lasting: String, Hashable, Sendable, CaseIterable {
        case git, node, process
    }

    /// Of the world's own chances: which calls go wrong, whom a user's request meets.
    package var seed: UInt64 = 1
    /// How many releases there are.
    package var releases = 1
    /// How many processes of the controller.
    package var processes = 1
    /// How many proxies the gateway has.
    package var proxies = 1
    /// From one request of the users to the next.
    package var requests: TimeSpan?
    /// Calls go as bytes through the HTTP side of the API server.
    package var speaksHTTP = false
    /// The controller has no right to read nodes.
    package var hidesNodes = false
    package var delays: [Delay: TimeSpan] = [:]
    /// Watches that are late, by kind.
    package var lags: [String: TimeSpan] = [:]
    /// What versions are like, by name; a version that is not named is good.
    package var behaviours: [String: PodBehaviour] = [:]
    package var entries: [Entry] = []
    /// When the controller is compared with one that starts then.
    package var comparisons: [TimeSpan] = []
    /// What never comes back once the storm is over.
    package var lasting: Set<Lasting> = []
    /// How long anything may happen.
    package var storm = TimeSpan.minutes(5)
    /// How long it may take to settle after that.
    package var calm = TimeSpan.minutes(8)

    package init() {}

    /// Whether releases ask their pods golden inferences: where some version answers them wrongly.
    package var asksGolden: Bool { behaviours.values.contains { $0.golden != .right } }

    /// The names of the releases.
    package static func name(of release: Int) -> String {
        release == 0 ? "fraud" : "fraud-\(release)"
    }
}

/// What people and fate do, as data.
package enum Act: Hashable, Sendable {
    /// One share that a commit declares.
    package struct Share: Hashable, Sendable {
        package let version: String
        package let weight: Int

        package init(_ version: String, _ weight: Int) {
            self.version = version
            self.weight = weight
        }
    }

    /// A commit that declares versions of a release, with one of the strategies of ``Strategies``.
    case commit(release: Int, [Share], strategy: Int)
    /// A forced push takes the newest commits away.
    case rewind(commits: Int)
    case behave(version: String, PodBehaviour)
    case kill(process: Int)
    /// A process is told to end, and ends in good order.
    case stop(process: Int)
    case pause(process: Int, TimeSpan)
    /// The clock of a process is so far ahead from its next start.
    case clock(process: Int, TimeSpan)
    case gitAway(TimeSpan)
    case gitRefusesPushes(TimeSpan)
    case apiAway(TimeSpan)
    /// The caches that the server answers watches and lists from stand still.
    case freeze(TimeSpan)
    case lag(kind: String, TimeSpan)
    case calls(CallFaults, TimeSpan)
    case relist
    /// Watches break, and what happens is never told until new lists come.
    case watchesLost(TimeSpan)
    case evict(version: String)
    case killContainer(version: String)
    case node(Int, TimeSpan)
    case proxy(Int, TimeSpan)
    case hand(Hand, Int)
    /// A person lets the n-th Deployment be scaled by the load on its pods, from least to most.
    case autoscale(Int, least: Int, most: Int)
    /// A person takes the n-th autoscaler away.
    case removeAutoscaler(Int)
    /// From now on users ask so much of each release, in percent of what one pod carries.
    case load(Int)
    /// A person pauses a release for some time.
    case hold(release: Int, TimeSpan)

    /// What a person does to the n-th object of a kind, or to the n-th release.
    package enum Hand: String, Hashable, Sendable, CaseIterable {
        case scaleDeployment, emptyRoute, deleteRoute, deleteDeployment, deleteService
        case clearStatus, rollBack, retry, approve, promote
        /// An approval of the step under way, for a version that does not wait for one.
        case approveAnother
        /// Another place of a Deployment than its replicas is changed.
        case editDeployment
        /// A Deployment is scaled to nothing.
        case stopDeployment

        /// What is drawn with the others; the rest is drawn where it fits.
        static let drawn = allCases.prefix { $0 != .approveAnother }
    }
}

/// The strategies that commits of a schedule can name.
package enum Strategies {
    package static let all = [
        "canary: {steps: [{weight: 10, for: 8s}, {weight: 50, for: 8s}], bake: 8s}",
        "canary: {steps: [{weight: 25, for: 5s}], bake: 4s}",
        "canary: {steps: [{weight: 5, for: 4s}, {weight: 20, for: 4s}, {weight: 60, for: 4s}], "
            + "bake: 4s}",
        "canary: {steps: [{weight: 10, for: 4s}, {pause: {approval: required}}], bake: 4s}",
    ]
}
