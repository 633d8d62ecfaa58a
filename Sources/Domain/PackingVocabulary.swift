/// Texts that stand in most Kubernetes objects: ``PackedDocument`` writes their number. They are in
/// the memory of the process only, so the list may be changed at will.
enum PackingVocabulary {
    /// The number of a text, if it has one.
    static func number(of text: String) -> Int? { numbers[text] }

    /// The text of a number; empty where there is none.
    static func text(of number: Int) -> String {
        words.indices.contains(number) ? words[number] : ""
    }

    private static let numbers = Dictionary(
        words.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })

    private static let words =
        """
        Accepted Allow Always ClusterFirst ClusterIP DirectoryOrCreate Exists False File Gateway \
        HTTP HTTPRoute IPv4 IfNotPresent Model ModelRelease None PathPrefix Progressing Proven \
        ReplacePrefixMatch Ready Recreate ResolvedRefs RollingUpdate RuntimeDefault Service \
        SingleStack Synced Healthy Pinned TCP True URLRewrite Unpinned Unknown ALL / /dev/shm \
        /dev/termination-log /v2/health/live 25% allowPrivilegeEscalation annotations apiVersion \
        app.kubernetes.io/component app.kubernetes.io/instance app.kubernetes.io/managed-by \
        app.kubernetes.io/name app.kubernetes.io/version apps/v1 args attempt author \
        automountServiceAccountToken backendRefs bake canary capabilities cases clusterIP \
        clusterIPs command commit conditions confirmedAt containerPort containers cpu \
        creationTimestamp declared default-scheduler defaultMode \
        deployment.kubernetes.io/revision desired digest dnsPolicy drop emptyDir enabled endedAt \
        env evidence every expect failureThreshold filters for gateway gateway.networking.k8s.io \
        gateway.networking.k8s.io/v1 generation git golden grpc group handled health healthy \
        history hostnames http httpGet httpHeaders image imagePullPolicy initialDelaySeconds \
        inputs intent internalTrafficPolicy ipFamilies ipFamilyPolicy kind labels \
        lastTransitionTime lifecycle limits livenessProbe matchLabels matches max maxSurge \
        maxUnavailable medium memory message metadata metrics minReadySeconds mlserver model \
        model-server mountPath name namespace nodeSelector nvidia.com/gpu observedCommit \
        observedGeneration onFailure outputs parentRefs path pause periodSeconds phase port \
        ports preStop probes progressDeadline progressDeadlineSeconds promoted protocol proven \
        quarantine readOnly readinessProbe ready reason replacePrefixMatch replicas requests \
        request resourceVersion resources restartPolicy restarts revertCommit \
        revisionHistoryLimit rollingUpdate rules runAsNonRoot runtime schedulerName scheme \
        seccompProfile seconds sectionName securityContext selector serving sessionAffinity \
        shares since sizeLimit sleep slipway slipway.dev/author slipway.dev/commit \
        slipway.dev/digest slipway.dev/epoch slipway.dev/file \
        slipway.dev/intent slipway.dev/leader slipway.dev/on-delete \
        slipway.dev/refused slipway.dev/release slipway.dev/release-uid slipway.dev/seq \
        slipway.dev/source slipway.dev/v1alpha1 slipway.dev/version spec startedAt startupProbe \
        status step steps strategy successThreshold suspend targetPort template tolerance \
        terminationGracePeriodSeconds terminationMessagePath terminationMessagePolicy \
        timeoutSeconds timeout traffic type uid unready uri urlRewrite v1 value verdict version \
        versions volumeMounts volumes waitsFor weight MLSERVER_GRPC_PORT MLSERVER_HTTP_PORT \
        MLSERVER_METRICS_PORT MLSERVER_MODEL_NAME MLSERVER_MODEL_URI MLSERVER_MODEL_VERSION \
        SLIPWAY_MODEL_URI SLIPWAY_MODEL_VERSION delete false true \
        Available Burstable ContainersReady Deployment DisruptionTarget EndpointSlice \
        Guaranteed Initialized MinimumReplicasAvailable NewReplicaSetAvailable Pod \
        PodReadyToStartContainers PodScheduled ReplicaSet Running BestEffort addressType \
        addresses availableReplicas blockOwnerDeletion controller containerID containerStatuses \
        discovery.k8s.io/v1 endpoints endpointslice-controller.k8s.io \
        endpointslice.kubernetes.io/managed-by fieldPath generateName hostIP hostIPs imageID ip \
        kubernetes.io/service-name lastProbeTime lastState lastUpdateTime nodeName \
        ownerReferences parentRef parents controllerName podIP podIPs pod-template-hash \
        qosClass readyReplicas restartCount running started startTime state targetRef \
        terminating terminatingReplicas tolerations unavailableReplicas updatedReplicas \
        observedReplicas collisionCount data revision ControllerRevision inferencePath \
        readyPath terminated waiting exitCode configuration gates settle route digests file \
        documentIndex reached lost finishedAt default optional enableServiceLinks \
        serviceAccount serviceAccountName preemptionPolicy priority hostNetwork \
        node.kubernetes.io/not-ready node.kubernetes.io/unreachable NoExecute effect operator \
        tolerationSeconds key
        """.split(separator: " ").map(String.init)
}
