import API
import ArgumentParser
import Domain
import Planning
import Presentation

/// `slipway adopt`
struct AdoptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Take over a model that a Deployment serves, without a lost request.",
        discussion: """
            Makes a ModelRelease of a running Deployment, its Service and the HTTPRoute that \
            leads to it, and shows it with all that would be done; only --yes does it. Slipway's \
            pods start beside those that serve. Once they are ready and Slipway's route is \
            accepted, the old route is detached from its Gateways, and nothing else is changed: \
            --back attaches it again. What served before is left for you to remove. Killed at \
            any point, the command goes on where it was when it is given again.

            It asks with your own rights: list Deployments and Services of the namespace and \
            HTTPRoutes of all, get, list and patch ModelReleases, patch HTTPRoutes; create and \
            delete HTTPRoutes where the release has the route's name.

            EXAMPLES
              slipway adopt fraud-scorer --deployment fraud -n risk
              slipway adopt fraud-scorer --deployment fraud -n risk --write models/fraud.yaml
              slipway adopt fraud-scorer --deployment fraud -n risk --yes
              slipway adopt fraud-scorer --deployment fraud -n risk --back --yes

            EXIT CODES
              0  done, or nothing was left to do
              1  there is something to do, shown and not done, or not done in time
              2  wrong usage, something that cannot be taken over, or an error on the way
            """)

    @Argument(help: "The release that it becomes.")
    var name: String

    @Option(help: "The Deployment that serves; the release's name if it is not given.")
    var deployment: String?

    @Option(help: "Its Service; the one that selects its pods if it is not given.")
    var service: String?

    @Option(help: "The HTTPRoute to take over, where several lead to the Service.")
    var route: String?

    @Option(help: "The container that serves, where the Service's port does not tell.")
    var container: String?

    @Option(help: "The name of the version; the image's tag if it is not given.")
    var versionName: String?

    @Option(
        help: ArgumentHelp(
            "Where no HTTPRoute is: the Gateway that traffic will come from.",
            valueName: "[namespace/]name"))
    var gateway: String?

    @Option(help: "With --gateway: a host name that the release answers to.")
    var hostname: [String] = []

    @Option(help: "With --gateway: the path, which is cut off before the pods.")
    var path = "/"

    @Option(help: "Write the release into a new file, to be committed.")
    var write: String?

    @Flag(help: "Let the old pods serve again.")
    var back = false

    @Flag(help: "Do it; without, it is only shown.")
    var yes = false

    @Option(help: "How long to wait for Slipway's pods: 30s, 10m.")
    var timeout: TimeSpan = .minutes(15)

    @Option(help: "How long gateways may need to put an accepted route in force.")
    var settle: TimeSpan = .seconds(10)

    @OptionGroup var format: OutputOption
    @OptionGroup var cluster: ClusterOptions

    func validate() throws {
        if write != nil, back { throw ValidationError("--write does not go with --back") }
        if gateway == nil, !hostname.isEmpty || path != "/" {
            throw ValidationError("--hostname and --path need --gateway")
        }
        if gateway != nil, route != nil {
            throw ValidationError("--gateway is for models without an HTTPRoute, not with --route")
        }
        for (option, value) in [
            ("--deployment", deployment), ("--service", service), ("--route", route),
            ("--container", container), ("--gateway", gateway),
        ] where value?.isEmpty == true {
            throw ValidationError("\(option) is empty")
        }
    }

    func run() async throws {
        try await cluster.withReleases { releases in
            let adopter = Adopter(releases: releases, request: request(releases.namespace))
            let adoption = try await adopter.look()
            let page = AdoptionPage(adoption, goal)
            if let write { try put(adoption, write) }
            show(adoption, page)
            if case .refused(let reasons) = adoption.next(goal) {
                throw Failure(reasons.joined(separator: "\n"))
            }
            guard yes else {
                if case .done(let text) = adoption.next(goal) {
                    tell(.done, text)
                    hint(adoption)
                    return
                }
                tell(.start, "nothing is done yet; do it with \(adoption.request.command(flags))")
                throw ExitCode.difference
            }
            hint(
                try await adopter.run(to: goal, settle: settle, timeout: timeout) { tell($0, $1) })
        }
    }

    private var goal: Adoption.Goal { back ? .back : .takeOver }

    private var flags: String { (back ? "--back " : "") + "--yes" }

    private func request(_ namespace: String) -> AdoptionRequest {
        var request = AdoptionRequest(
            release: NamespacedName(namespace: namespace, name: name),
            deployment: deployment ?? name, service: service, route: route, container: container,
            version: versionName, traffic: gateway.map(traffic))
        for (option, value) in [
            ("--kubeconfig", cluster.choice.kubeconfig), ("--context", cluster.choice.context),
        ] {
            if let value { request.cluster += [option, value] }
        }
        return request
    }

    private func traffic(_ gateway: String) -> GatewayTraffic {
        let id = NamespacedName(gateway)
        return GatewayTraffic(
            parentRefs: [.init(name: id?.name ?? gateway, namespace: id?.namespace)],
            hostnames: hostname, path: path)
    }

    // MARK: Output

    private func put(_ adoption: Adoption, _ path: String) throws {
        guard let object = adoption.declaration, adoption.problems.isEmpty else {
            throw Failure(adoption.problems.joined(separator: "\n"))
        }
        let bytes = Array(ObjectText.text([object], as: .yaml).utf8)
        guard try Files.create(path, bytes) || Files.read(path) == bytes else {
            throw Failure("\(path) is there already and says something else; it is left as it is")
        }
    }

    private func show(_ adoption: Adoption, _ page: AdoptionPage) {
        let terminal = Terminal.standard
        switch format.output {
        case .json: terminal.write(ObjectText.json(page.document))
        case .yaml: terminal.write(ObjectText.text([page.document], as: .yaml))
        case .name:
            if let object = adoption.object { terminal.write(ObjectText.name(object) + "\n") }
        case nil, .wide:
            terminal.write(page.text(terminal.style))
            if let write {
                terminal.say(.done, "\(write): the release, to be committed")
            } else if goal == .takeOver, !adoption.isDeclared, adoption.problems.isEmpty,
                let object = adoption.object, !yes
            {
                terminal.write("---\n" + ObjectText.text([object], as: .yaml) + "---\n")
            }
        }
    }

    /// On standard error where standard output is for programs.
    private func tell(_ mark: Style.Mark, _ text: String) {
        let terminal = Terminal.standard
        if format.output == nil || format.output == .wide {
            terminal.say(mark, text)
        } else {
            terminal.note(mark, text)
        }
    }

    /// What can be done when all is done.
    private func hint(_ adoption: Adoption) {
        guard goal == .takeOver else { return }
        let request = adoption.request
        if adoption.canGoBack { tell(.start, "to go back: \(request.command("--back --yes"))") }
        if !adoption.leftOver.isEmpty {
            tell(
                .start,
                "when nothing else uses what served before, remove it: kubectl delete "
                    + "\(adoption.leftOver.joined(separator: " ")) -n \(request.release.namespace)")
        }
    }
}
