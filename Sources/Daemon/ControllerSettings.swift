package import Commits
package import Engine

/// How a controller runs, besides the cluster that it is for.
package struct ControllerSettings: Sendable {
    /// Where mirrors of repositories are kept. It may be lost at any time, and belongs to one
    /// controller alone.
    package var directory: String
    /// Which repositories a ReleaseSource may name.
    package var repositories: RemoteAddress.Permissions
    package var engine: EngineSettings

    package init(
        directory: String, repositories: RemoteAddress.Permissions = .init(),
        engine: EngineSettings = .init()
    ) {
        self.directory = directory
        self.repositories = repositories
        self.engine = engine
    }
}
