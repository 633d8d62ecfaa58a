// The notation is that of `ShapeTable`; names are those of Kubernetes 1.36.
extension BuiltInShapes {
    /// The shape of something that is asked and not stored; `nil` for other kinds.
    static func request(_ kind: String) -> Shape? { requests[kind] }

    private static let requests: [String: Shape] = {
        var table = ShapeTable([commonTypes, requestTypes])
        let kinds = [
            "TokenRequest", "Eviction", "DeleteOptions", "Scale", "SelfSubjectAccessReview",
            "SelfSubjectReview",
        ]
        return Dictionary(uniqueKeysWithValues: kinds.map { ($0, table.shape($0)) })
    }()

    static let requestTypes = """
        TokenRequest apiVersion:s kind:s metadata:ObjectMeta spec:TokenRequestSpec status:*
        TokenRequestSpec audiences:[s] expirationSeconds:l boundObjectRef:BoundObjectReference
        BoundObjectReference kind:s apiVersion:s name:s uid:s
        Eviction apiVersion:s kind:s metadata:ObjectMeta deleteOptions:DeleteOptions
        DeleteOptions apiVersion:s kind:s gracePeriodSeconds:l preconditions:Preconditions
         orphanDependents:b propagationPolicy:s dryRun:[s]
        Preconditions uid:s resourceVersion:s
        Scale apiVersion:s kind:s metadata:ObjectMeta spec:ScaleSpec status:*
        ScaleSpec replicas:i
        SelfSubjectAccessReview apiVersion:s kind:s metadata:ObjectMeta
         spec:SelfSubjectAccessReviewSpec status:*
        SelfSubjectAccessReviewSpec resourceAttributes:ResourceAttributes
         nonResourceAttributes:NonResourceAttributes
        ResourceAttributes namespace:s verb:s group:s version:s resource:s subresource:s name:s
        NonResourceAttributes path:s verb:s
        SelfSubjectReview apiVersion:s kind:s metadata:ObjectMeta status:SelfSubjectReviewStatus
        SelfSubjectReviewStatus userInfo:UserInfo
        UserInfo username:s uid:s groups:[s]
        """
}
