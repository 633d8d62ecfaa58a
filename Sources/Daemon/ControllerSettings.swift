package import Commits
package import Engine
package import Transport

/// How a controller runs, besides the cluster that it is for.
package struct ControllerSettings: Sendable {
    /// Where mirrors of repositories are kept. It may be lost at any time, and belongs to one
    /// controller alone.
    package var directory: String
    /// Which repositories a ReleaseSource may name.
    package var repositories: RemoteAddress.Permissions
    /// How long a Git server may take for one request.
    package var git: HTTPRequest.Deadlines
    package var engine: EngineSettings

    package init(
        directory: String, repositories: RemoteAddress.Permissions = .init(),
        git: HTTPRequest.Deadlines = GitHTTPOverTransport.deadlines,
        engine: EngineSettings = .init()
    ) {
        self.directory = directory
        self.repositories = repositories
        self.git = git
        self.engine = engine
    }
}
