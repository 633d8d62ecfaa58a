/// The numbers by which the fields of the built-in types go over the wire in protocol buffers, as
/// Kubernetes 1.36 declares them in its Go types.
///
/// One type a paragraph, named as in ``BuiltInShapes``, which says what the fields are: its name,
/// then `field=NUMBER`. `NUMBER.NUMBER` is a field of an embedded message. `*` marks a pointer:
/// where it is missing, a zero value means that the field is not set. `T` and `U` are times of
/// seconds and microseconds, `B` bytes, `J` raw JSON.
enum ProtobufNumbers {
    static let text = """
        ConfigMap metadata=1 immutable=4* data=2 binaryData=3B
        ObjectMeta name=1 generateName=2 namespace=3 selfLink=4 uid=5 resourceVersion=6
         generation=7 creationTimestamp=8T deletionTimestamp=9*T deletionGracePeriodSeconds=10*
         labels=11 annotations=12 ownerReferences=13 finalizers=14 managedFields=17
        OwnerReference apiVersion=5 kind=1 name=3 uid=4 controller=6* blockOwnerDeletion=7*
        ManagedFieldsEntry manager=1 operation=2 apiVersion=3 time=4*T fieldsType=6 fieldsV1=7*J
         subresource=8
        Secret metadata=1 immutable=5* data=2B stringData=4 type=3
        Namespace metadata=1 spec=2
        NamespaceSpec finalizers=1
        ServiceAccount metadata=1 secrets=2 imagePullSecrets=3 automountServiceAccountToken=4*
        ObjectReference kind=1 namespace=2 name=3 uid=4 apiVersion=5 resourceVersion=6 fieldPath=7
        LocalObjectReference name=1
        Service metadata=1 spec=2
        ServiceSpec ports=1 selector=2 clusterIP=3 clusterIPs=18 type=4 externalIPs=5
         sessionAffinity=7 loadBalancerIP=8 loadBalancerSourceRanges=9 externalName=10
         externalTrafficPolicy=11 healthCheckNodePort=12 publishNotReadyAddresses=13
         sessionAffinityConfig=14* ipFamilies=19 ipFamilyPolicy=17*
         allocateLoadBalancerNodePorts=20* loadBalancerClass=21* internalTrafficPolicy=22*
         trafficDistribution=23*
        ServicePort name=1 protocol=2 appProtocol=6* port=3 targetPort=4 nodePort=5
        SessionAffinityConfig clientIP=1*
        ClientIPConfig timeoutSeconds=1*
        Pod metadata=1 spec=2
        PodSpec volumes=1 initContainers=20 containers=2 ephemeralContainers=34 restartPolicy=3
         terminationGracePeriodSeconds=4* activeDeadlineSeconds=5* dnsPolicy=6 nodeSelector=7
         serviceAccountName=8 serviceAccount=9 automountServiceAccountToken=21* nodeName=10
         hostNetwork=11 hostPID=12 hostIPC=13 shareProcessNamespace=27* securityContext=14*
         imagePullSecrets=15 hostname=16 subdomain=17 affinity=18* schedulerName=19 tolerations=22
         hostAliases=23 priorityClassName=24 priority=25* dnsConfig=26* readinessGates=28
         runtimeClassName=29* enableServiceLinks=30* preemptionPolicy=31* overhead=32
         topologySpreadConstraints=33 setHostnameAsFQDN=35* os=36* hostUsers=37*
         schedulingGates=38 resourceClaims=39 resources=40* hostnameOverride=41*
        Volume name=1 hostPath=2.1* emptyDir=2.2* secret=2.6* configMap=2.19*
         persistentVolumeClaim=2.10* projected=2.26* downwardAPI=2.16* csi=2.28* nfs=2.7*
         image=2.30*
        HostPath path=1 type=2*
        EmptyDir medium=1 sizeLimit=2*
        SecretVolume secretName=1 items=2 defaultMode=3* optional=4*
        KeyToPath key=1 path=2 mode=3*
        ConfigMapVolume name=1.1 items=2 defaultMode=3* optional=4*
        ClaimVolume claimName=1 readOnly=2
        ProjectedVolume sources=1 defaultMode=2*
        VolumeProjection secret=1* configMap=3* downwardAPI=2* serviceAccountToken=4*
        ProjectedItems name=1.1 items=2 optional=4*
        DownwardAPIVolume items=1 defaultMode=2*
        DownwardAPIFile path=1 fieldRef=2* resourceFieldRef=3* mode=4*
        ObjectFieldSelector apiVersion=1 fieldPath=2
        ResourceFieldSelector containerName=1 resource=2 divisor=3
        ServiceAccountTokenProjection audience=1 expirationSeconds=2* path=3
        CSIVolume driver=1 readOnly=2* fsType=3* volumeAttributes=4 nodePublishSecretRef=5*
        NFSVolume server=1 path=2 readOnly=3
        ImageVolume reference=1 pullPolicy=2
        Container name=1 image=2 command=3 args=4 workingDir=5 ports=6 envFrom=19 env=7
         resources=8 resizePolicy=23 restartPolicy=24* volumeMounts=9 volumeDevices=21
         livenessProbe=10* readinessProbe=11* startupProbe=22* lifecycle=12*
         terminationMessagePath=13 terminationMessagePolicy=20 imagePullPolicy=14
         securityContext=15* stdin=16 stdinOnce=17 tty=18
        ContainerPort name=1 hostPort=2 containerPort=3 protocol=4 hostIP=5
        EnvFromSource prefix=1 configMapRef=2* secretRef=3*
        EnvReference name=1.1 optional=2*
        EnvVar name=1 value=2 valueFrom=3*
        EnvVarSource fieldRef=1* resourceFieldRef=2* configMapKeyRef=3* secretKeyRef=4*
         fileKeyRef=5*
        KeySelector name=1.1 key=2 optional=3*
        FileKeySelector volumeName=1 path=2 key=3 optional=4*
        ResourceRequirements limits=1 requests=2 claims=3
        ResourceClaim name=1 request=2
        ContainerResizePolicy resourceName=1 restartPolicy=2
        VolumeMount name=1 readOnly=2 recursiveReadOnly=7* mountPath=3 subPath=4
         mountPropagation=5* subPathExpr=6
        VolumeDevice name=1 devicePath=2
        Probe exec=1.1* httpGet=1.2* tcpSocket=1.3* grpc=1.4* initialDelaySeconds=2
         timeoutSeconds=3 periodSeconds=4 successThreshold=5 failureThreshold=6
         terminationGracePeriodSeconds=7*
        ExecAction command=1
        HTTPGetAction path=1 port=2 host=3 scheme=4 httpHeaders=5
        HTTPHeader name=1 value=2
        TCPSocketAction port=1 host=2
        GRPCAction port=1 service=2*
        Lifecycle postStart=1* preStop=2* stopSignal=3*
        LifecycleHandler exec=1* httpGet=2* tcpSocket=3* sleep=4*
        SleepAction seconds=1
        SecurityContext capabilities=1* privileged=2* seLinuxOptions=3* runAsUser=4* runAsGroup=8*
         runAsNonRoot=5* readOnlyRootFilesystem=6* allowPrivilegeEscalation=7* procMount=9*
         seccompProfile=11* appArmorProfile=12*
        Capabilities add=1 drop=2
        SELinuxOptions user=1 role=2 type=3 level=4
        ConfinementProfile type=1 localhostProfile=2*
        EphemeralContainer name=1.1 image=1.2 command=1.3 args=1.4 workingDir=1.5 ports=1.6
         envFrom=1.19 env=1.7 resources=1.8 resizePolicy=1.23 restartPolicy=1.24* volumeMounts=1.9
         terminationMessagePath=1.13 terminationMessagePolicy=1.20 imagePullPolicy=1.14
         securityContext=1.15* stdin=1.16 stdinOnce=1.17 tty=1.18 targetContainerName=2
        PodSecurityContext seLinuxOptions=1* runAsUser=2* runAsGroup=6* runAsNonRoot=3*
         supplementalGroups=4 supplementalGroupsPolicy=12* fsGroup=5* sysctls=7
         fsGroupChangePolicy=9* seccompProfile=10* appArmorProfile=11* seLinuxChangePolicy=13*
        Sysctl name=1 value=2
        Affinity nodeAffinity=1* podAffinity=2* podAntiAffinity=3*
        NodeAffinity requiredDuringSchedulingIgnoredDuringExecution=1*
         preferredDuringSchedulingIgnoredDuringExecution=2
        NodeSelector nodeSelectorTerms=1
        NodeSelectorTerm matchExpressions=1 matchFields=2
        LabelSelectorRequirement key=1 operator=2 values=3
        PreferredSchedulingTerm weight=1 preference=2
        PodAffinity requiredDuringSchedulingIgnoredDuringExecution=1
         preferredDuringSchedulingIgnoredDuringExecution=2
        PodAffinityTerm labelSelector=1* namespaces=2 topologyKey=3 namespaceSelector=4*
         matchLabelKeys=5 mismatchLabelKeys=6
        LabelSelector matchLabels=1 matchExpressions=2
        WeightedPodAffinityTerm weight=1 podAffinityTerm=2
        Toleration key=1 operator=2 value=3 effect=4 tolerationSeconds=5*
        HostAlias ip=1 hostnames=2
        PodDNSConfig nameservers=1 searches=2 options=3
        PodDNSConfigOption name=1 value=2*
        PodReadinessGate conditionType=1
        TopologySpreadConstraint maxSkew=1 topologyKey=2 whenUnsatisfiable=3 labelSelector=4*
         minDomains=5* nodeAffinityPolicy=6* nodeTaintsPolicy=7* matchLabelKeys=8
        PodOS name=1
        PodSchedulingGate name=1
        PodResourceClaim name=1 resourceClaimName=3* resourceClaimTemplateName=4*
        Deployment metadata=1 spec=2
        DeploymentSpec replicas=1* selector=2* template=3 strategy=4 minReadySeconds=5
         revisionHistoryLimit=6* paused=7 progressDeadlineSeconds=9*
        PodTemplateSpec metadata=1 spec=2
        DeploymentStrategy type=1 rollingUpdate=2*
        RollingUpdateDeployment maxUnavailable=1* maxSurge=2*
        Role metadata=1 rules=2
        PolicyRule verbs=1 apiGroups=2 resources=3 resourceNames=4 nonResourceURLs=5
        ClusterRole metadata=1 rules=2 aggregationRule=3*
        AggregationRule clusterRoleSelectors=1
        RoleBinding metadata=1 subjects=2 roleRef=3
        Subject kind=1 apiGroup=2 name=3 namespace=4
        RoleRef apiGroup=1 kind=2 name=3
        PodDisruptionBudget metadata=1 spec=2
        PodDisruptionBudgetSpec minAvailable=1* selector=2* maxUnavailable=3*
         unhealthyPodEvictionPolicy=4*
        HorizontalPodAutoscaler metadata=1 spec=2
        HorizontalPodAutoscalerSpec scaleTargetRef=1 minReplicas=2* maxReplicas=3 metrics=4
         behavior=5*
        CrossVersionObjectReference kind=1 name=2 apiVersion=3
        MetricSpec type=1 object=2* pods=3* resource=4* containerResource=7* external=5*
        ObjectMetricSource describedObject=1 target=2 metric=3
        MetricTarget type=1 value=2* averageValue=3* averageUtilization=4*
        MetricIdentifier name=1 selector=2*
        PodsMetricSource metric=1 target=2
        ResourceMetricSource name=1 target=2
        ContainerResourceMetricSource name=1 container=3 target=2
        HorizontalPodAutoscalerBehavior scaleUp=1* scaleDown=2*
        HPAScalingRules stabilizationWindowSeconds=3* selectPolicy=1* policies=2 tolerance=4*
        HPAScalingPolicy type=1 value=2 periodSeconds=3
        OldHorizontalPodAutoscaler metadata=1 spec=2
        OldHorizontalPodAutoscalerSpec scaleTargetRef=1 minReplicas=2* maxReplicas=3
         targetCPUUtilizationPercentage=4*
        Lease metadata=1 spec=2
        LeaseSpec holderIdentity=1* leaseDurationSeconds=2* acquireTime=3*U renewTime=4*U
         leaseTransitions=5* strategy=6* preferredHolder=7*
        Scale metadata=1 spec=2
        ScaleSpec replicas=1
        TokenRequest metadata=1 spec=2
        TokenRequestSpec audiences=1 expirationSeconds=4* boundObjectRef=3*
        BoundObjectReference kind=1 apiVersion=2 name=3 uid=4
        Eviction metadata=1 deleteOptions=2*
        DeleteOptions gracePeriodSeconds=1* preconditions=2* orphanDependents=3*
         propagationPolicy=4* dryRun=5
        Preconditions uid=1* resourceVersion=2*
        SelfSubjectAccessReview metadata=1 spec=2
        SelfSubjectAccessReviewSpec resourceAttributes=1* nonResourceAttributes=2*
        ResourceAttributes namespace=1 verb=2 group=3 version=4 resource=5 subresource=6 name=7
        NonResourceAttributes path=1 verb=2
        SelfSubjectReview metadata=1 status=2
        SelfSubjectReviewStatus userInfo=1
        UserInfo username=1 uid=2 groups=3
        """
}
