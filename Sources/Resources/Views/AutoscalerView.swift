package import Domain

/// What Slipway keeps of a HorizontalPodAutoscaler (`autoscaling/v2`) that may scale a version.
package struct AutoscalerView: Hashable, Sendable {
    package let name: String
    package let namespace: String
    /// The name of the Deployment that it scales.
    package let target: String
    /// `spec.minReplicas`, 1 where it is left out.
    package let least: Int
    /// `spec.maxReplicas`.
    package let most: Int

    /// `nil` for one that scales no Deployment of a version: something of another kind, or of a
    /// name that no version has.
    package init?(_ object: Document) {
        let spec = object["spec"] ?? .null
        guard let target = spec["scaleTargetRef"], target["kind"] == "Deployment",
            target.word("apiVersion").hasPrefix("apps/"), Self.isVersion(target.word("name"))
        else { return nil }
        name = object["metadata"]?.word("name") ?? ""
        namespace = object["metadata"]?.word("namespace") ?? ""
        guard !name.isEmpty else { return nil }
        self.target = target.word("name")
        least = max(0, spec["minReplicas"]?.intValue ?? 1)
        most = max(least, spec.count("maxReplicas"))
    }

    /// The number within the bounds; never 0, which switches the autoscaler off.
    package func bounded(_ replicas: Int) -> Int { max(1, min(max(replicas, least), most)) }

    /// Names of versions end with eight characters of their digest.
    private static func isVersion(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "-"))
        guard parts.count > 1, let tag = parts.last, tag.count == 8 else { return false }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let letters = UInt8(ascii: "a")...UInt8(ascii: "f")
        return tag.allSatisfy { digits.contains($0) || letters.contains($0) }
    }
}
