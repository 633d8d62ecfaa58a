import Domain

/// The words of Envoy's configuration (API version 3).
enum EnvoyParts {
    private static let types = "type.googleapis.com/envoy"

    /// The kinds of resources that Envoy asks for.
    enum Kind: String, Hashable, Sendable, CaseIterable {
        case clusters
        case endpoints
        case listeners
        case routes

        var typeURL: String {
            switch self {
            case .clusters: "\(types).config.cluster.v3.Cluster"
            case .endpoints: "\(types).config.endpoint.v3.ClusterLoadAssignment"
            case .listeners: "\(types).config.listener.v3.Listener"
            case .routes: "\(types).config.route.v3.RouteConfiguration"
            }
        }
    }

    static func duration(milliseconds: Int64) -> Document {
        let rest = String(milliseconds % 1000)
        let zeros = String(repeating: "0", count: max(0, 3 - rest.count))
        return .string("\(milliseconds / 1000).\(zeros)\(rest)s")
    }

    /// Resources are asked for over HTTP: a request waits until there is news, and the next one
    /// says whether the news was taken.
    static let source: Document = [
        "resource_api_version": "V3",
        // Nothing is used before it is there.
        "initial_fetch_timeout": "0s",
        "api_config_source": [
            "api_type": "REST", "transport_api_version": "V3",
            "cluster_names": [.string(discovery)],
            "refresh_delay": "0.001s", "request_timeout": "60s",
        ],
    ]

    /// The cluster of the server that answers for resources.
    static let discovery = "slipway-discovery"

    // MARK: Listeners

    static func listener(_ name: String, address: String, port: Int) -> Document {
        [
            "@type": .string(Kind.listeners.typeURL), "name": .string(name),
            "address": [
                "socket_address": ["address": .string(address), "port_value": .integer(port)]
            ],
            // Else two programs could listen on one port and share its connections by chance.
            "enable_reuse_port": false,
            "filter_chains": [
                ["filters": [["name": "http", "typed_config": connectionManager(name)]]]
            ],
        ]
    }

    private static func connectionManager(_ name: String) -> Document {
        let extensions = "\(types).extensions.filters"
        return [
            "@type": .string(
                "\(extensions).network.http_connection_manager.v3.HttpConnectionManager"),
            "stat_prefix": "gateway",
            "rds": ["route_config_name": .string(name), "config_source": source],
            // Host names are compared without the port.
            "strip_any_host_port": true,
            "normalize_path": true,
            "merge_slashes": false,
            "http_filters": [
                [
                    "name": "router",
                    "typed_config": [
                        "@type": .string("\(extensions).http.router.v3.Router"),
                        "suppress_envoy_headers": true,
                    ],
                ]
            ],
        ]
    }

    // MARK: Clusters

    /// How long Envoy keeps an idle connection to a pod. Shorter than any model server keeps it
    /// (uvicorn: 5 s), or a request would now and then meet a connection that is just closed.
    private static let idleTime: Document = "1s"

    static func cluster(_ name: String, isHTTP2: Bool) -> Document {
        let most: Document = 1_000_000
        let thresholds: Document = [
            "max_connections": most, "max_pending_requests": most, "max_requests": most,
            "max_retries": most,
        ]
        let options: Document = [
            "@type": .string("\(types).extensions.upstreams.http.v3.HttpProtocolOptions"),
            "common_http_protocol_options": ["idle_timeout": idleTime],
            "explicit_http_config": isHTTP2
                ? ["http2_protocol_options": [:]] : ["http_protocol_options": [:]],
        ]
        return [
            "@type": .string(Kind.clusters.typeURL), "name": .string(name), "type": "EDS",
            "connect_timeout": "1s", "lb_policy": "ROUND_ROBIN",
            "eds_cluster_config": ["service_name": .string(name), "eds_config": source],
            "circuit_breakers": ["thresholds": [thresholds]],
            "typed_extension_protocol_options": [
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options
            ],
        ]
    }

    static func endpoints(_ cluster: String, _ addresses: [PodAddress]) -> Document {
        let list = addresses.map { address -> Document in
            [
                "endpoint": [
                    "address": [
                        "socket_address": [
                            "address": .string(address.address),
                            "port_value": .integer(address.port),
                        ]
                    ]
                ]
            ]
        }
        return [
            "@type": .string(Kind.endpoints.typeURL), "cluster_name": .string(cluster),
            "endpoints": list.isEmpty ? [] : [["lb_endpoints": .array(list)]],
        ]
    }

    // MARK: Routes

    static func routes(_ name: String, _ hosts: [(Hostname, [Document])]) -> Document {
        [
            "@type": .string(Kind.routes.typeURL), "name": .string(name),
            "virtual_hosts": .array(
                hosts.map { host, routes in
                    [
                        "name": .string(host.text), "domains": [.string(host.text)],
                        "routes": .array(routes),
                    ]
                }),
        ]
    }

    /// What may be tried again: only what no pod can have seen. A connection that is refused, or
    /// lost before the first byte of the request went out. The version stays the one drawn.
    static let retries: Document = [
        "retry_on": "connect-failure,refused-stream,reset-before-request", "num_retries": 3,
        "retry_back_off": ["base_interval": "0.005s", "max_interval": "0.050s"],
        "retry_host_predicate": [
            [
                "name": "previous-hosts",
                "typed_config": [
                    "@type": .string(
                        "\(types).extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate")
                ],
            ]
        ],
        "host_selection_retry_max_attempts": "5",
    ]

    /// A share of requests in millionths.
    static func fraction(_ part: Int64, of whole: Int64) -> Document {
        let millionths =
            part >= whole
            ? 1_000_000 : max(0, Int64((Double(part) / Double(whole) * 1e6).rounded()))
        return [
            "default_value": ["numerator": .integer(millionths), "denominator": "MILLION"]
        ]
    }

    // MARK: Start

    /// The file that Envoy starts with.
    static func bootstrap(node: String, discoverySocket: String, adminSocket: String) -> Document {
        func pipe(_ path: String) -> Document { ["pipe": ["path": .string(path), "mode": 0o600]] }
        return [
            "node": ["id": .string(node), "cluster": "slipway-sandbox"],
            "admin": ["address": pipe(adminSocket)],
            "dynamic_resources": ["lds_config": source, "cds_config": source],
            "overload_manager": [
                "resource_monitors": [
                    [
                        "name": "envoy.resource_monitors.global_downstream_max_connections",
                        "typed_config": [
                            "@type": .string(
                                "\(types).extensions.resource_monitors.downstream_connections.v3"
                                    + ".DownstreamConnectionsConfig"),
                            "max_active_downstream_connections": 50_000,
                        ],
                    ]
                ]
            ],
            "layered_runtime": [
                "layers": [
                    [
                        "name": "slipway",
                        "static_layer": [
                            // Long paths are long patterns.
                            "re2.max_program_size.error_level": 1_000_000,
                            "re2.max_program_size.warn_level": 1_000_000,
                        ],
                    ]
                ]
            ],
            "static_resources": [
                "clusters": [
                    [
                        "name": .string(discovery), "type": "STATIC", "connect_timeout": "1s",
                        "circuit_breakers": [
                            "thresholds": [
                                ["max_connections": 100_000, "max_requests": 100_000]
                            ]
                        ],
                        "load_assignment": [
                            "cluster_name": .string(discovery),
                            "endpoints": [
                                [
                                    "lb_endpoints": [
                                        ["endpoint": ["address": pipe(discoverySocket)]]
                                    ]
                                ]
                            ],
                        ],
                    ]
                ]
            ],
        ]
    }
}

/// Where a pod answers.
struct PodAddress: Hashable, Sendable, Comparable {
    let address: String
    let port: Int

    static func < (left: PodAddress, right: PodAddress) -> Bool {
        (left.address, left.port) < (right.address, right.port)
    }
}
