/// A complete answer.
package struct HTTPResponse: Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    package let body: [UInt8]
    /// How often the request went out: more than once if libcurl found a reused connection dead.
    package let sends: Int
}

/// An answer whose body is still arriving. Dropping it, or its ``body``, ends the transfer.
package struct StreamingResponse: Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    package let body: ResponseBody
}

/// Status and header fields.
struct ResponseHead: Sendable {
    var status = 0
    var headers = HTTPHeaders()
}
