// The notation is that of `ShapeTable`; names and merge rules are those of Kubernetes 1.36.
extension BuiltInShapes {
    static let networkTypes = """
        Service apiVersion:s kind:s metadata:ObjectMeta spec:ServiceSpec status:ServiceStatus
        ServiceSpec ports:[ServicePort]@port,protocol=TCP selector:{s}! clusterIP:s clusterIPs:[s]
         type:s externalIPs:[s] sessionAffinity:s loadBalancerIP:s loadBalancerSourceRanges:[s]
         externalName:s externalTrafficPolicy:s healthCheckNodePort:i publishNotReadyAddresses:b
         sessionAffinityConfig:SessionAffinityConfig ipFamilies:[s] ipFamilyPolicy:s
         allocateLoadBalancerNodePorts:b loadBalancerClass:s internalTrafficPolicy:s
         trafficDistribution:s
        ServicePort name:s protocol:s appProtocol:s port:i targetPort:x nodePort:i
        SessionAffinityConfig clientIP:ClientIPConfig
        ClientIPConfig timeoutSeconds:i
        ServiceStatus loadBalancer:LoadBalancerStatus conditions:[Condition]@type
        LoadBalancerStatus ingress:[LoadBalancerIngress]
        LoadBalancerIngress ip:s hostname:s ipMode:s ports:[*]
        Endpoints apiVersion:s kind:s metadata:ObjectMeta subsets:[EndpointSubset]
        EndpointSubset addresses:[EndpointAddress] notReadyAddresses:[EndpointAddress]
         ports:[EndpointPort]
        EndpointAddress! ip:s hostname:s nodeName:s targetRef:ObjectReference
        EndpointPort! name:s port:i protocol:s appProtocol:s
        EndpointSlice apiVersion:s kind:s metadata:ObjectMeta addressType:s endpoints:[Endpoint]
         ports:[EndpointPort]
        Endpoint addresses:[s]set conditions:EndpointConditions hostname:s
         targetRef:ObjectReference deprecatedTopology:{s} nodeName:s zone:s hints:EndpointHints
        EndpointConditions ready:b serving:b terminating:b
        EndpointHints forZones:[ForZone] forNodes:[ForZone]
        ForZone name:s
        Ingress apiVersion:s kind:s metadata:ObjectMeta spec:IngressSpec status:*
        IngressSpec ingressClassName:s defaultBackend:IngressBackend tls:[IngressTLS]
         rules:[IngressRule]
        IngressTLS hosts:[s] secretName:s
        IngressRule host:s http:HTTPIngressRuleValue
        HTTPIngressRuleValue paths:[HTTPIngressPath]
        HTTPIngressPath path:s pathType:s backend:IngressBackend
        IngressBackend service:IngressServiceBackend resource:*
        IngressServiceBackend name:s port:ServiceBackendPort
        ServiceBackendPort! name:s number:i
        NetworkPolicy apiVersion:s kind:s metadata:ObjectMeta spec:NetworkPolicySpec
        NetworkPolicySpec podSelector:LabelSelector ingress:[NetworkPolicyIngressRule]
         egress:[NetworkPolicyEgressRule] policyTypes:[s]
        NetworkPolicyIngressRule ports:[NetworkPolicyPort] from:[NetworkPolicyPeer]
        NetworkPolicyEgressRule ports:[NetworkPolicyPort] to:[NetworkPolicyPeer]
        NetworkPolicyPort protocol:s port:x endPort:i
        NetworkPolicyPeer podSelector:LabelSelector namespaceSelector:LabelSelector ipBlock:IPBlock
        IPBlock cidr:s except:[s]
        """

    static let otherTypes = """
        ConfigMap apiVersion:s kind:s metadata:ObjectMeta immutable:b data:{s} binaryData:{s}
        Secret apiVersion:s kind:s metadata:ObjectMeta immutable:b data:{s} stringData:{s} type:s
        Namespace apiVersion:s kind:s metadata:ObjectMeta spec:NamespaceSpec status:NamespaceStatus
        NamespaceSpec finalizers:[s]
        NamespaceStatus phase:s conditions:[StatusCondition]@type
        Node apiVersion:s kind:s metadata:ObjectMeta spec:NodeSpec status:NodeStatus
        NodeSpec podCIDR:s podCIDRs:[s]set providerID:s unschedulable:b taints:[Taint]
         configSource:* externalID:s
        Taint key:s value:s effect:s timeAdded:s
        NodeStatus capacity:{q} allocatable:{q} phase:s conditions:[StatusCondition]@type
         addresses:[NodeAddress]@type daemonEndpoints:* nodeInfo:* images:[*] volumesInUse:[s]
         volumesAttached:[*] config:* runtimeHandlers:[*] features:* declaredFeatures:[s]
        NodeAddress type:s address:s
        ServiceAccount apiVersion:s kind:s metadata:ObjectMeta secrets:[ObjectReference]@name
         imagePullSecrets:[LocalObjectReference] automountServiceAccountToken:b
        Lease apiVersion:s kind:s metadata:ObjectMeta spec:LeaseSpec
        LeaseSpec holderIdentity:s leaseDurationSeconds:i acquireTime:s renewTime:s
         leaseTransitions:i strategy:s preferredHolder:s
        CoreEvent apiVersion:s kind:s metadata:ObjectMeta involvedObject:ObjectReference reason:s
         message:s source:EventSource firstTimestamp:s lastTimestamp:s count:i type:s eventTime:s
         series:EventSeries action:s related:ObjectReference reportingComponent:s
         reportingInstance:s
        Event apiVersion:s kind:s metadata:ObjectMeta eventTime:s series:EventSeries
         reportingController:s reportingInstance:s action:s reason:s regarding:ObjectReference
         related:ObjectReference note:s type:s deprecatedSource:EventSource
         deprecatedFirstTimestamp:s deprecatedLastTimestamp:s deprecatedCount:i
        EventSource component:s host:s
        EventSeries count:i lastObservedTime:s
        Role apiVersion:s kind:s metadata:ObjectMeta rules:[PolicyRule]
        ClusterRole apiVersion:s kind:s metadata:ObjectMeta rules:[PolicyRule]
         aggregationRule:AggregationRule
        AggregationRule clusterRoleSelectors:[LabelSelector]
        PolicyRule verbs:[s] apiGroups:[s] resources:[s] resourceNames:[s] nonResourceURLs:[s]
        RoleBinding apiVersion:s kind:s metadata:ObjectMeta subjects:[Subject] roleRef:RoleRef
        Subject! kind:s apiGroup:s name:s namespace:s
        RoleRef! apiGroup:s kind:s name:s
        CustomResourceDefinition apiVersion:s kind:s metadata:ObjectMeta
         spec:CustomResourceDefinitionSpec status:CustomResourceDefinitionStatus
        CustomResourceDefinitionSpec group:s names:CustomResourceDefinitionNames scope:s
         versions:[CustomResourceDefinitionVersion] conversion:* preserveUnknownFields:b
        CustomResourceDefinitionNames plural:s singular:s shortNames:[s] kind:s listKind:s
         categories:[s]
        CustomResourceDefinitionVersion name:s served:b storage:b deprecated:b
         deprecationWarning:s schema:CustomResourceValidation subresources:*
         additionalPrinterColumns:[CustomResourceColumnDefinition] selectableFields:[*]
        CustomResourceValidation openAPIV3Schema:*
        CustomResourceColumnDefinition name:s type:s format:s description:s priority:i jsonPath:s
        CustomResourceDefinitionStatus conditions:[StatusCondition]@type
         acceptedNames:CustomResourceDefinitionNames storedVersions:[s] observedGeneration:l
        """
}
