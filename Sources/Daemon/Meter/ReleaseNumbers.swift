import API
import Domain
import Observed
import Telemetry

/// What the numbers say of releases and sources: how each stands now.
struct ReleaseNumbers {
    private let releases: [(id: NamespacedName, status: ReleaseStatus)]
    private let sources: [(id: NamespacedName, status: SourceStatus)]

    init(_ view: ClusterView) {
        releases = view.releases.names.compactMap { name in
            view.releases[name].map { (name, $0.value.status) }
        }
        sources = view.sources.names.compactMap { name in
            view.sources[name].map { (name, SourceStatus($0.value.status)) }
        }
    }

    func write(to page: inout Exposition) {
        page.family("slipway_release_phase", .gauge, "Always 1; the phase a release is in.")
        for (id, status) in releases {
            page.sample(
                "slipway_release_phase",
                labels: [
                    "namespace": id.namespace, "name": id.name, "phase": status.phase.rawValue,
                ], 1)
        }
        versions(
            "slipway_release_weight", "A version's share of traffic in percent.", \.weight, &page)
        versions(
            "slipway_release_ready_pods", "Pods of a version that are ready.", \.ready, &page)
        versions(
            "slipway_release_desired_pods", "Pods that a version should have.", \.desired, &page)
        page.family("slipway_release_quarantine", .gauge, "Versions of a release that are refused.")
        for (id, status) in releases {
            page.sample(
                "slipway_release_quarantine", labels: ["namespace": id.namespace, "name": id.name],
                status.quarantine.count)
        }
        page.family(
            "slipway_source_ready", .gauge, "1 while the newest commit of a source is in force.")
        for (id, status) in sources {
            let ready = status.conditions.first { $0.type == "Ready" }
            page.sample(
                "slipway_source_ready", labels: ["namespace": id.namespace, "name": id.name],
                ready?.status == .yes ? 1 : 0)
        }
        page.family(
            "slipway_source_problems", .gauge, "What is wrong in the files of a source, at most 50."
        )
        for (id, status) in sources {
            page.sample(
                "slipway_source_problems", labels: ["namespace": id.namespace, "name": id.name],
                status.problems.count)
        }
    }

    /// One number of each version of each release.
    private func versions(
        _ name: String, _ help: String, _ number: (VersionStatus) -> Int, _ page: inout Exposition
    ) {
        page.family(name, .gauge, help)
        for (id, status) in releases {
            for version in status.versions {
                page.sample(
                    name,
                    labels: [
                        "namespace": id.namespace, "name": id.name, "version": version.version,
                        "digest": String(version.digest.short),
                    ], number(version))
            }
        }
    }
}
