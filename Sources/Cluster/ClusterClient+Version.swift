import Documents
package import Domain
package import KubeWire
import Transport

/// What an API server says of itself.
package struct ServerVersion: Hashable, Sendable {
    /// `v1.36.0`.
    package let version: String
    /// Its time of day, to the second; `nil` where it does not tell.
    package let time: Timestamp?
}

extension ClusterClient {
    /// Asks the server which one it is. Nobody needs a right for that.
    package func serverVersion() async throws(ClusterError) -> ServerVersion {
        let response: HTTPResponse
        do throws(ExchangeFailure) {
            response = try await exchange(.serverVersion)
        } catch {
            throw ClusterError(error)
        }
        guard response.status == 200 else {
            throw WireAnswer(response, identity: configuration.identity).error
        }
        guard let version = try? JSON.parse(response.body)["gitVersion"]?.stringValue else {
            throw ClusterError(.malformed, "this is not the API of a Kubernetes cluster")
        }
        return ServerVersion(
            version: String(version.prefix(64)),
            time: response.headers["Date"].flatMap(Timestamp.init(httpDate:)))
    }
}
