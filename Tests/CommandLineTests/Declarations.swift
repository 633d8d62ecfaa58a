/// Files that the tests of the commands share.
enum Declarations {
    static func release(
        _ versions: String = #"[{name: "7", uri: s3://models/fraud/7, weight: 100}]"#
    ) -> String {
        """
        apiVersion: slipway.dev/v1alpha1
        kind: ModelRelease
        metadata: {name: fraud-scorer, namespace: risk}
        spec:
          runtime: mlserver
          versions: \(versions)
          traffic:
            gateway: {parentRefs: [{name: public}], path: /fraud}
          strategy:
            canary: {steps: [{weight: 5, for: 5m}, {pause: {approval: required}}], bake: 24h}

        """
    }

    static let both = release(
        #"[{name: "7", uri: s3://models/fraud/7, weight: 75}, "#
            + #"{name: "8", uri: s3://models/fraud/8, weight: 25}]"#)

    static let wrongSum = release(
        #"[{name: "7", uri: s3://models/fraud/7, weight: 90}, "#
            + #"{name: "8", uri: s3://models/fraud/8, weight: 20}]"#)
}
