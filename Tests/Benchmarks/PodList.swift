/// A list of pods as an API server answers it, managedFields and all, with the names and numbers
/// of each pod its own.
enum PodList {
    static let count = 10_000

    /// The whole answer.
    static func bytes(count: Int = count) -> [UInt8] {
        var bytes = Array(
            #"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"8812345"},"#.utf8)
        bytes.append(contentsOf: #""items":["#.utf8)
        bytes.reserveCapacity(count * 8000)
        for number in 0..<count {
            if number > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: pod(number).utf8)
        }
        bytes.append(contentsOf: "]}\n".utf8)
        return bytes
    }

    /// How many bytes of a hundred are managedFields.
    static var managedFieldsShare: Int { managedFields(1).utf8.count * 100 / pod(1).utf8.count }

    private static func pod(_ number: Int) -> String {
        let suffix = String(number + 1_000_000, radix: 36)
        let name = "fraud-scorer-\(number / 8)-7d9c5b8f64-\(suffix)"
        let owner = "fraud-scorer-\(number / 8)"
        return "{\(metadata(name, owner, number)),\(spec(owner, number)),\(status(number))}"
    }

    private static func metadata(_ name: String, _ owner: String, _ number: Int) -> String {
        """
        "metadata":{"name":"\(name)","generateName":"\(owner)-7d9c5b8f64-","namespace":"risk-\
        \(number % 40)","uid":"\(uid(number))","resourceVersion":"\(8_000_000 + number)",\
        "creationTimestamp":"2026-03-14T09:26:53Z","labels":{"app.kubernetes.io/name":"\(owner)",\
        "app.kubernetes.io/managed-by":"slipway","slipway.dev/release":"\(owner)",\
        "slipway.dev/version":"7","slipway.dev/digest":"9f86d081884c7d65","pod-template-hash":\
        "7d9c5b8f64"},"annotations":{"slipway.dev/digest":"9f86d081884c7d659a2feaa0c55ad015a3bf4f\
        1b2b0b822cd15d6c15b0f00a08","prometheus.io/scrape":"true","prometheus.io/port":"8082"},\
        "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"\(owner)-7d9c5b8f64\
        ","uid":"\(uid(number / 8))","controller":true,"blockOwnerDeletion":true}],\
        \(managedFields(number))}
        """
    }

    private static func uid(_ number: Int) -> String {
        let hex = String(UInt64(number) &* 0x9e37_79b9_7f4a_7c15 | 1 << 63, radix: 16)
        return "\(hex.prefix(8))-4a1c-4f0e-9d2b-\(hex.suffix(12))"
    }

    private static func managedFields(_ number: Int) -> String {
        """
        "managedFields":[{"manager":"kube-controller-manager","operation":"Update","apiVersion":\
        "v1","time":"2026-03-14T09:26:53Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{\
        "f:annotations":{".":{},"f:slipway.dev/digest":{},"f:prometheus.io/scrape":{},\
        "f:prometheus.io/port":{}},"f:generateName":{},"f:labels":{".":{},\
        "f:app.kubernetes.io/name":{},"f:app.kubernetes.io/managed-by":{},\
        "f:slipway.dev/release":{},"f:slipway.dev/version":{},"f:slipway.dev/digest":{},\
        "f:pod-template-hash":{}},"f:ownerReferences":{".":{},"k:{\\"uid\\":\\"\(uid(number / 8))\
        \\"}":{}}},"f:spec":{"f:containers":{"k:{\\"name\\":\\"model\\"}":{".":{},"f:env":{".":{},\
        "k:{\\"name\\":\\"MODEL_URI\\"}":{".":{},"f:name":{},"f:value":{}},\
        "k:{\\"name\\":\\"MLSERVER_PARALLEL_WORKERS\\"}":{".":{},"f:name":{},"f:value":{}}},\
        "f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:ports":{".":{},\
        "k:{\\"containerPort\\":8080,\\"protocol\\":\\"TCP\\"}":{".":{},"f:containerPort":{},\
        "f:name":{},"f:protocol":{}}},"f:readinessProbe":{".":{},"f:failureThreshold":{},\
        "f:httpGet":{".":{},"f:path":{},"f:port":{},"f:scheme":{}},"f:periodSeconds":{},\
        "f:successThreshold":{},"f:timeoutSeconds":{}},"f:resources":{".":{},"f:limits":{".":{},\
        "f:memory":{}},"f:requests":{".":{},"f:cpu":{},"f:memory":{}}},\
        "f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},\
        "f:enableServiceLinks":{},"f:restartPolicy":{},"f:schedulerName":{},\
        "f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}},{"manager":"kubelet",\
        "operation":"Update","apiVersion":"v1","time":"2026-03-14T09:27:04Z","fieldsType":\
        "FieldsV1","fieldsV1":{"f:status":{"f:conditions":{\
        "k:{\\"type\\":\\"ContainersReady\\"}":{".":{},"f:lastProbeTime":{},\
        "f:lastTransitionTime":{},"f:status":{},"f:type":{}},"k:{\\"type\\":\\"Initialized\\"}":\
        {".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}},\
        "k:{\\"type\\":\\"Ready\\"}":{".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},\
        "f:status":{},"f:type":{}}},"f:containerStatuses":{},"f:hostIP":{},"f:phase":{},\
        "f:podIP":{},"f:podIPs":{".":{},"k:{\\"ip\\":\\"10.0.0.1\\"}":{".":{},"f:ip":{}}},\
        "f:startTime":{}}},"subresource":"status"}]
        """
    }

    private static func spec(_ owner: String, _ number: Int) -> String {
        """
        "spec":{"volumes":[{"name":"kube-api-access-x7k2p","projected":{"sources":[{\
        "serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},{"configMap":{"name":\
        "kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},{"downwardAPI":{"items":[\
        {"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}],\
        "defaultMode":420}}],"containers":[{"name":"model","image":\
        "registry.example.com/mlserver:1.6.1","ports":[{"name":"http","containerPort":8080,\
        "protocol":"TCP"}],"env":[{"name":"MODEL_URI","value":"s3://models/\(owner)/7"},{"name":\
        "MLSERVER_PARALLEL_WORKERS","value":"1"}],"resources":{"limits":{"memory":"2Gi"},\
        "requests":{"cpu":"500m","memory":"1Gi"}},"volumeMounts":[{"name":\
        "kube-api-access-x7k2p","readOnly":true,"mountPath":\
        "/var/run/secrets/kubernetes.io/serviceaccount"}],"readinessProbe":{"httpGet":{"path":\
        "/v2/models/model/ready","port":8080,"scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":\
        5,"successThreshold":1,"failureThreshold":3},"terminationMessagePath":\
        "/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":\
        "IfNotPresent"}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":\
        "ClusterFirst","serviceAccountName":"default","serviceAccount":"default","nodeName":\
        "node-\(number % 300)","securityContext":{},"schedulerName":"default-scheduler",\
        "tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":\
        "NoExecute","tolerationSeconds":300},{"key":"node.kubernetes.io/unreachable","operator":\
        "Exists","effect":"NoExecute","tolerationSeconds":300}],"priority":0,\
        "enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"}
        """
    }

    private static func status(_ number: Int) -> String {
        let address = "10.\(number / 65_536 % 256).\(number / 256 % 256).\(number % 256)"
        let conditions = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady"]
            .map {
                """
                {"type":"\($0)","status":"True","lastProbeTime":null,"lastTransitionTime":\
                "2026-03-14T09:27:04Z"}
                """
            }.joined(separator: ",")
        return """
            "status":{"phase":"Running","conditions":[\(conditions),{"type":"PodScheduled",\
            "status":"True","lastProbeTime":null,"lastTransitionTime":"2026-03-14T09:26:53Z"}],\
            "hostIP":"192.168.0.\(number % 250)","hostIPs":[{"ip":"192.168.0.\(number % 250)"}],\
            "podIP":"\(address)","podIPs":[{"ip":"\(address)"}],"startTime":"2026-03-14T09:26:53Z",\
            "containerStatuses":[{"name":"model","state":{"running":{"startedAt":\
            "2026-03-14T09:26:58Z"}},"lastState":{},"ready":true,"restartCount":\(number % 3),\
            "image":"registry.example.com/mlserver:1.6.1","imageID":"registry.example.com/\
            mlserver@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",\
            "containerID":"containerd://\(uid(number))","started":true}],"qosClass":"Burstable"}
            """
    }
}
