import API
import ArgumentParser
import Domain
import Resources

/// `slipway render`
struct RenderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract: "Print the Kubernetes objects that a declaration becomes.",
        discussion: """
            For each version its ControllerRevision, Deployment and Service, then the route with \
            the declared split. Needs no cluster; what only a cluster knows (the uid of the \
            release) is empty.

            EXAMPLES
              slipway render models/fraud.yaml
              slipway render models/ --release fraud-scorer --version-name 8 -o json
              slipway render models/ -o name

            EXIT CODES
              0  printed
              2  wrong usage, or a file that is not valid
            """)

    @Argument(help: "Files and folders with declarations.")
    var paths: [String]

    @Option(help: "Only the release of this name.")
    var release: String?

    @Option(help: "Only the version of this name, without the route.")
    var versionName: String?

    @Option(
        name: [.short, .long],
        help: "The source's namespace; what each file says if it is not given.")
    var namespace: String?

    @OptionGroup var format: OutputOption

    func run() throws {
        let reading = try DeclaredFiles(paths: paths, source: nil, namespace: namespace).read()
        let releases = try reading.valid(release: release)
        reading.warn()
        let objects = releases.flatMap(objects)
        guard !objects.isEmpty else {
            let known = releases.flatMap { $0.spec.versions.map(\.name) }.joined(separator: ", ")
            throw Failure("no version \(versionName ?? "") there; declared are: \(known)")
        }
        Terminal.standard.write(ObjectText.text(objects, as: format.output ?? .yaml))
    }

    private func objects(_ release: ModelRelease) -> [Document] {
        var objects: [Document] = []
        for version in release.spec.versions
        where versionName == nil || version.name == versionName {
            let rendered = VersionObjects.render(
                release: release, version: version, digest: release.spec.digest(of: version))
            objects += [rendered.controllerRevision, rendered.deployment, rendered.service]
        }
        if versionName == nil, let route = route(release) { objects.append(route) }
        return objects
    }

    private func route(_ release: ModelRelease) -> Document? {
        guard let split = release.spec.weights else { return nil }
        switch release.spec.traffic {
        case .gateway(let gateway):
            return GatewayRouter(release: release.metadata, traffic: gateway)
                .object(.init(split: split, refused: nil, epoch: 0))
        }
    }
}
