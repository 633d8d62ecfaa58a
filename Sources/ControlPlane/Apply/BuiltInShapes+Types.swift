// The notation is that of `ShapeTable`; names and merge rules are those of Kubernetes 1.36.
extension BuiltInShapes {
    static let commonTypes = """
        ObjectMeta name:s generateName:s namespace:s selfLink:s uid:s resourceVersion:s
         generation:l creationTimestamp:s deletionTimestamp:s deletionGracePeriodSeconds:l
         labels:{s} annotations:{s} ownerReferences:[OwnerReference]@uid finalizers:[s]set
         managedFields:[ManagedFieldsEntry]
        OwnerReference! apiVersion:s kind:s name:s uid:s controller:b blockOwnerDeletion:b
        ManagedFieldsEntry manager:s operation:s apiVersion:s time:s fieldsType:s fieldsV1:*
         subresource:s
        LabelSelector! matchLabels:{s} matchExpressions:[LabelSelectorRequirement]
        LabelSelectorRequirement key:s operator:s values:[s]
        ObjectReference! kind:s namespace:s name:s uid:s apiVersion:s resourceVersion:s fieldPath:s
        LocalObjectReference! name:s
        Condition type:s status:s observedGeneration:l lastTransitionTime:s reason:s message:s
        StatusCondition type:s status:s observedGeneration:l lastProbeTime:s lastUpdateTime:s
         lastHeartbeatTime:s lastTransitionTime:s reason:s message:s
        """

    static let podTypes = """
        Pod apiVersion:s kind:s metadata:ObjectMeta spec:PodSpec status:PodStatus
        PodTemplateSpec metadata:ObjectMeta spec:PodSpec
        PodSpec volumes:[Volume]@name initContainers:[Container]@name containers:[Container]@name
         ephemeralContainers:[EphemeralContainer]@name restartPolicy:s
         terminationGracePeriodSeconds:l activeDeadlineSeconds:l dnsPolicy:s nodeSelector:{s}!
         serviceAccountName:s serviceAccount:s automountServiceAccountToken:b nodeName:s
         hostNetwork:b hostPID:b hostIPC:b shareProcessNamespace:b
         securityContext:PodSecurityContext imagePullSecrets:[LocalObjectReference]@name
         hostname:s subdomain:s affinity:Affinity schedulerName:s tolerations:[Toleration]
         hostAliases:[HostAlias]@ip priorityClassName:s priority:i dnsConfig:PodDNSConfig
         readinessGates:[PodReadinessGate] runtimeClassName:s enableServiceLinks:b
         preemptionPolicy:s overhead:{q}
         topologySpreadConstraints:[TopologySpreadConstraint]@topologyKey,whenUnsatisfiable
         setHostnameAsFQDN:b os:PodOS hostUsers:b schedulingGates:[PodSchedulingGate]@name
         resourceClaims:[PodResourceClaim]@name resources:ResourceRequirements hostnameOverride:s
        Container name:s image:s command:[s] args:[s] workingDir:s
         ports:[ContainerPort]@containerPort,protocol=TCP envFrom:[EnvFromSource]
         env:[EnvVar]@name resources:ResourceRequirements resizePolicy:[ContainerResizePolicy]
         restartPolicy:s restartPolicyRules:[*] volumeMounts:[VolumeMount]@mountPath
         volumeDevices:[VolumeDevice]@devicePath livenessProbe:Probe readinessProbe:Probe
         startupProbe:Probe lifecycle:Lifecycle terminationMessagePath:s
         terminationMessagePolicy:s imagePullPolicy:s securityContext:SecurityContext stdin:b
         stdinOnce:b tty:b
        EphemeralContainer name:s image:s command:[s] args:[s] workingDir:s
         ports:[ContainerPort]@containerPort,protocol=TCP envFrom:[EnvFromSource]
         env:[EnvVar]@name resources:ResourceRequirements resizePolicy:[ContainerResizePolicy]
         restartPolicy:s volumeMounts:[VolumeMount]@mountPath terminationMessagePath:s
         terminationMessagePolicy:s imagePullPolicy:s securityContext:SecurityContext stdin:b
         stdinOnce:b tty:b targetContainerName:s
        ContainerPort name:s hostPort:i containerPort:i protocol:s hostIP:s
        EnvFromSource prefix:s configMapRef:EnvReference secretRef:EnvReference
        EnvReference name:s optional:b
        EnvVar name:s value:s valueFrom:EnvVarSource
        EnvVarSource fieldRef:ObjectFieldSelector resourceFieldRef:ResourceFieldSelector
         configMapKeyRef:KeySelector secretKeyRef:KeySelector fileKeyRef:FileKeySelector
        ObjectFieldSelector! apiVersion:s fieldPath:s
        ResourceFieldSelector! containerName:s resource:s divisor:q
        KeySelector! name:s key:s optional:b
        FileKeySelector! volumeName:s path:s key:s optional:b
        ResourceRequirements limits:{q} requests:{q} claims:[ResourceClaim]@name
        ResourceClaim name:s request:s
        ContainerResizePolicy resourceName:s restartPolicy:s
        VolumeMount name:s readOnly:b recursiveReadOnly:s mountPath:s subPath:s
         mountPropagation:s subPathExpr:s
        VolumeDevice name:s devicePath:s
        Probe exec:ExecAction httpGet:HTTPGetAction tcpSocket:TCPSocketAction grpc:GRPCAction
         initialDelaySeconds:i timeoutSeconds:i periodSeconds:i successThreshold:i
         failureThreshold:i terminationGracePeriodSeconds:l
        ExecAction command:[s]
        HTTPGetAction path:s port:x host:s scheme:s httpHeaders:[HTTPHeader]
        HTTPHeader name:s value:s
        TCPSocketAction port:x host:s
        GRPCAction port:i service:s
        Lifecycle postStart:LifecycleHandler preStop:LifecycleHandler stopSignal:s
        LifecycleHandler exec:ExecAction httpGet:HTTPGetAction tcpSocket:TCPSocketAction
         sleep:SleepAction
        SleepAction seconds:l
        SecurityContext capabilities:Capabilities privileged:b seLinuxOptions:SELinuxOptions
         windowsOptions:* runAsUser:l runAsGroup:l runAsNonRoot:b readOnlyRootFilesystem:b
         allowPrivilegeEscalation:b procMount:s seccompProfile:ConfinementProfile
         appArmorProfile:ConfinementProfile
        Capabilities add:[s] drop:[s]
        SELinuxOptions user:s role:s type:s level:s
        ConfinementProfile type:s localhostProfile:s
        PodSecurityContext seLinuxOptions:SELinuxOptions windowsOptions:* runAsUser:l runAsGroup:l
         runAsNonRoot:b supplementalGroups:[l] supplementalGroupsPolicy:s fsGroup:l
         sysctls:[Sysctl] fsGroupChangePolicy:s seccompProfile:ConfinementProfile
         appArmorProfile:ConfinementProfile seLinuxChangePolicy:s
        Sysctl name:s value:s
        Affinity nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAffinity
        NodeAffinity requiredDuringSchedulingIgnoredDuringExecution:NodeSelector
         preferredDuringSchedulingIgnoredDuringExecution:[PreferredSchedulingTerm]
        NodeSelector! nodeSelectorTerms:[NodeSelectorTerm]
        NodeSelectorTerm! matchExpressions:[LabelSelectorRequirement]
         matchFields:[LabelSelectorRequirement]
        PreferredSchedulingTerm weight:i preference:NodeSelectorTerm
        PodAffinity requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]
         preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]
        WeightedPodAffinityTerm weight:i podAffinityTerm:PodAffinityTerm
        PodAffinityTerm labelSelector:LabelSelector namespaces:[s] topologyKey:s
         namespaceSelector:LabelSelector matchLabelKeys:[s] mismatchLabelKeys:[s]
        Toleration key:s operator:s value:s effect:s tolerationSeconds:l
        HostAlias ip:s hostnames:[s]
        PodDNSConfig nameservers:[s] searches:[s] options:[PodDNSConfigOption]
        PodDNSConfigOption name:s value:s
        PodReadinessGate conditionType:s
        TopologySpreadConstraint maxSkew:i topologyKey:s whenUnsatisfiable:s
         labelSelector:LabelSelector minDomains:i nodeAffinityPolicy:s nodeTaintsPolicy:s
         matchLabelKeys:[s]
        PodOS name:s
        PodSchedulingGate name:s
        PodResourceClaim name:s resourceClaimName:s resourceClaimTemplateName:s
        PodStatus observedGeneration:l phase:s conditions:[StatusCondition]@type message:s reason:s
         nominatedNodeName:s hostIP:s hostIPs:[HostIP] podIP:s podIPs:[HostIP]@ip startTime:s
         initContainerStatuses:[ContainerStatus] containerStatuses:[ContainerStatus] qosClass:s
         ephemeralContainerStatuses:[ContainerStatus] resize:s resourceClaimStatuses:[*]
         extendedResourceClaimStatus:* allocatedResources:{q} resources:ResourceRequirements
        HostIP ip:s
        ContainerStatus name:s state:ContainerState lastState:ContainerState ready:b
         restartCount:i image:s imageID:s containerID:s started:b allocatedResources:{q}
         resources:ResourceRequirements volumeMounts:[VolumeMountStatus]@mountPath user:*
         allocatedResourcesStatus:[*] stopSignal:s
        VolumeMountStatus name:s mountPath:s readOnly:b recursiveReadOnly:s
        ContainerState waiting:ContainerStateWaiting running:ContainerStateRunning
         terminated:ContainerStateTerminated
        ContainerStateWaiting reason:s message:s
        ContainerStateRunning startedAt:s
        ContainerStateTerminated exitCode:i signal:i reason:s message:s startedAt:s finishedAt:s
         containerID:s
        """

    static let volumeTypes = """
        Volume name:s hostPath:HostPath emptyDir:EmptyDir secret:SecretVolume
         configMap:ConfigMapVolume persistentVolumeClaim:ClaimVolume projected:ProjectedVolume
         downwardAPI:DownwardAPIVolume ephemeral:* csi:CSIVolume nfs:NFSVolume image:ImageVolume
         gcePersistentDisk:* awsElasticBlockStore:* gitRepo:* iscsi:* glusterfs:* rbd:*
         flexVolume:* cinder:* cephfs:* flocker:* fc:* azureFile:* azureDisk:*
         photonPersistentDisk:*
         vsphereVolume:* quobyte:* portworxVolume:* scaleIO:* storageos:*
        HostPath path:s type:s
        EmptyDir medium:s sizeLimit:q
        SecretVolume secretName:s items:[KeyToPath] defaultMode:i optional:b
        ConfigMapVolume name:s items:[KeyToPath] defaultMode:i optional:b
        KeyToPath key:s path:s mode:i
        ClaimVolume claimName:s readOnly:b
        ProjectedVolume sources:[VolumeProjection] defaultMode:i
        VolumeProjection secret:ProjectedItems configMap:ProjectedItems
         downwardAPI:DownwardAPIVolume serviceAccountToken:ServiceAccountTokenProjection
         clusterTrustBundle:* podCertificate:*
        ProjectedItems name:s items:[KeyToPath] optional:b
        ServiceAccountTokenProjection audience:s expirationSeconds:l path:s
        DownwardAPIVolume items:[DownwardAPIFile] defaultMode:i
        DownwardAPIFile path:s fieldRef:ObjectFieldSelector resourceFieldRef:ResourceFieldSelector
         mode:i
        CSIVolume driver:s readOnly:b fsType:s volumeAttributes:{s}
         nodePublishSecretRef:LocalObjectReference
        NFSVolume server:s path:s readOnly:b
        ImageVolume reference:s pullPolicy:s
        """

    static let workloadTypes = """
        Deployment apiVersion:s kind:s metadata:ObjectMeta spec:DeploymentSpec
         status:DeploymentStatus
        DeploymentSpec replicas:i selector:LabelSelector template:PodTemplateSpec
         strategy:DeploymentStrategy minReadySeconds:i revisionHistoryLimit:i paused:b
         progressDeadlineSeconds:i
        DeploymentStrategy type:s rollingUpdate:RollingUpdateDeployment
        RollingUpdateDeployment maxUnavailable:x maxSurge:x
        DeploymentStatus observedGeneration:l replicas:i updatedReplicas:i readyReplicas:i
         availableReplicas:i unavailableReplicas:i terminatingReplicas:i
         conditions:[StatusCondition]@type collisionCount:i
        ReplicaSet apiVersion:s kind:s metadata:ObjectMeta spec:ReplicaSetSpec
         status:ReplicaSetStatus
        ReplicaSetSpec replicas:i minReadySeconds:i selector:LabelSelector template:PodTemplateSpec
        ReplicaSetStatus replicas:i fullyLabeledReplicas:i readyReplicas:i availableReplicas:i
         terminatingReplicas:i observedGeneration:l conditions:[StatusCondition]@type
        ControllerRevision apiVersion:s kind:s metadata:ObjectMeta data:* revision:l
        Scale apiVersion:s kind:s metadata:ObjectMeta spec:ScaleSpec status:ScaleStatus
        ScaleSpec replicas:i
        ScaleStatus replicas:i selector:s
        HorizontalPodAutoscaler apiVersion:s kind:s metadata:ObjectMeta
         spec:HorizontalPodAutoscalerSpec status:HorizontalPodAutoscalerStatus
        HorizontalPodAutoscalerSpec scaleTargetRef:CrossVersionObjectReference minReplicas:i
         maxReplicas:i metrics:[MetricSpec] behavior:HorizontalPodAutoscalerBehavior
        CrossVersionObjectReference kind:s name:s apiVersion:s
        MetricSpec type:s object:ObjectMetricSource pods:PodsMetricSource
         resource:ResourceMetricSource containerResource:ContainerResourceMetricSource
         external:PodsMetricSource
        ObjectMetricSource describedObject:CrossVersionObjectReference target:MetricTarget
         metric:MetricIdentifier
        PodsMetricSource metric:MetricIdentifier target:MetricTarget
        ResourceMetricSource name:s target:MetricTarget
        ContainerResourceMetricSource name:s container:s target:MetricTarget
        MetricTarget type:s value:q averageValue:q averageUtilization:i
        MetricIdentifier name:s selector:LabelSelector
        HorizontalPodAutoscalerBehavior scaleUp:HPAScalingRules scaleDown:HPAScalingRules
        HPAScalingRules stabilizationWindowSeconds:i selectPolicy:s policies:[HPAScalingPolicy]
         tolerance:q
        HPAScalingPolicy type:s value:i periodSeconds:i
        HorizontalPodAutoscalerStatus observedGeneration:l lastScaleTime:s currentReplicas:i
         desiredReplicas:i currentMetrics:[*] conditions:[StatusCondition]@type
        OldHorizontalPodAutoscaler apiVersion:s kind:s metadata:ObjectMeta
         spec:OldHorizontalPodAutoscalerSpec status:OldHorizontalPodAutoscalerStatus
        OldHorizontalPodAutoscalerSpec scaleTargetRef:CrossVersionObjectReference minReplicas:i
         maxReplicas:i targetCPUUtilizationPercentage:i
        OldHorizontalPodAutoscalerStatus observedGeneration:l lastScaleTime:s currentReplicas:i
         desiredReplicas:i currentCPUUtilizationPercentage:i
        PodDisruptionBudget apiVersion:s kind:s metadata:ObjectMeta spec:PodDisruptionBudgetSpec
         status:PodDisruptionBudgetStatus
        PodDisruptionBudgetSpec minAvailable:x selector:LabelSelector maxUnavailable:x
         unhealthyPodEvictionPolicy:s
        PodDisruptionBudgetStatus observedGeneration:l disruptedPods:{s} disruptionsAllowed:i
         currentHealthy:i desiredHealthy:i expectedPods:i conditions:[Condition]@type
        """
}
