import Domain

@testable import API

/// Objects that tests start from.
enum Samples {
    static let hex = String(repeating: "ab", count: 32)

    /// Every field of the kind is set.
    static let release: Document = [
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "ModelRelease",
        "metadata": ["name": "fraud-scorer", "namespace": "risk", "labels": ["team": "risk"]],
        "spec": [
            "runtime": "mlserver",
            "versions": [
                [
                    "name": "7", "uri": "s3://models/fraud/7",
                    "digest": .string("sha256:\(hex)"), "weight": 90,
                ],
                ["name": "8", "image": "registry.example.com/fraud:8", "weight": 10],
            ],
            "serving": [
                "replicas": 3,
                "template": [
                    "metadata": ["labels": ["team": "risk"]],
                    "spec": ["containers": [["name": "model", "image": "mlserver:1"]]],
                ],
            ],
            "traffic": [
                "gateway": [
                    "parentRefs": [
                        [
                            "name": "public", "namespace": "infra", "sectionName": "https",
                            "port": 443,
                        ]
                    ],
                    "hostnames": ["models.example.com"], "path": "/fraud",
                ]
            ],
            "strategy": [
                "canary": [
                    "steps": [
                        ["weight": 5, "for": "5m"], ["pause": ["approval": "required"]],
                        ["weight": 25, "for": "10m"], ["pause": ["for": "90s"]],
                    ],
                    "bake": "24h",
                ]
            ],
            "health": [
                "unready": ["max": 1, "for": "5s"], "restarts": ["max": 2],
                "progressDeadline": "5m",
                "probes": [
                    [
                        "golden": "tests/golden.jsonl", "every": "5s", "timeout": "2s",
                        "cases": [
                            [
                                "path": "/v2/models/fraud/infer", "request": ["inputs": [1]],
                                "expect": ["outputs": [0.5]], "tolerance": 0.01,
                            ]
                        ],
                    ]
                ],
            ],
            "onFailure": ["git": "none"],
            "suspend": true,
        ],
    ]

    /// The shortest that is right.
    static let minimal: Document = [
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "ModelRelease",
        "metadata": ["name": "fraud"],
        "spec": [
            "runtime": "mlserver",
            "versions": [["name": "7", "uri": "s3://models/fraud/7"]],
            "traffic": ["gateway": ["parentRefs": [["name": "public"]]]],
        ],
    ]

    /// Every field of the kind is set.
    static let source: Document = [
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "ReleaseSource",
        "metadata": ["name": "models", "namespace": "risk"],
        "spec": [
            "url": "https://git.example.com/models.git", "branch": "production",
            "path": "clusters/eu", "interval": "30s", "prune": true,
            "writeBack": [
                "enabled": false, "stateBranch": "slipway/eu", "authorName": "Robot",
                "authorEmail": "robot@example.com",
            ],
            "serviceAccounts": ["loader", "s3.reader"],
            "suspend": true,
        ],
    ]

    /// A minimal release with something else in its spec; `nil` takes the field out.
    static func minimal(_ path: [String], _ value: Document?) -> Document {
        var document = minimal
        document.set(["spec"] + path, to: value)
        return document
    }

    /// A minimal custom release with this pod spec.
    static func custom(pod: Document) -> Document {
        var document = minimal(["runtime"], "custom")
        document.set(["spec", "serving", "template", "spec"], to: pod)
        return document
    }
}
