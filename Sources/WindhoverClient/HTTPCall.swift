import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// One request, before it is known where it goes.
struct HTTPCall: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case put = "PUT"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    struct Body: Sendable {
        var data: Data
        var contentType: String
    }

    let method: Method
    /// Not yet percent-encoded.
    let path: [String]
    var query: [(name: String, value: String)] = []
    /// Beside those that every call has.
    var headers: [String: String] = [:]
    var body: Body?
    var accept = "application/json"
    /// Whether sending it twice does what sending it once does (RFC 9110 §9.2.2).
    var isIdempotent: Bool
    /// Below what the retry policy allows, where more would be pointless.
    var maxAttempts = Int.max

    init(_ method: Method, _ path: String...) {
        self.method = method
        self.path = path
        isIdempotent = ![.post, .patch].contains(method)
    }

    /// What goes to a server.
    func request(to baseURL: URL, apiKey: String?, timeout: TimeInterval) -> URLRequest {
        var request = URLRequest(url: url(from: baseURL), timeoutInterval: timeout)
        request.httpMethod = method.rawValue
        request.setValue(accept, forHTTPHeaderField: "Accept")
        if let apiKey {
            request.setValue("Bearer \(apiKey)", forHTTPHeaderField: "Authorization")
        }
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        if let body {
            request.httpBody = body.data
            request.setValue(body.contentType, forHTTPHeaderField: "Content-Type")
        }
        return request
    }

    /// Everything but RFC 3986's unreserved characters is encoded, "+" too: some servers read it as a space.
    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

    private func url(from baseURL: URL) -> URL {
        func encode(_ text: String) -> String {
            text.addingPercentEncoding(withAllowedCharacters: Self.unreserved) ?? text
        }
        var components = URLComponents(url: baseURL, resolvingAgainstBaseURL: true) ?? URLComponents()
        let base = components.percentEncodedPath
        components.percentEncodedPath =
            (base.hasSuffix("/") ? String(base.dropLast()) : base) + path.map { "/" + encode($0) }.joined()
        if !query.isEmpty {
            components.percentEncodedQuery = query.map { "\(encode($0.name))=\(encode($0.value))" }
                .joined(separator: "&")
        }
        return components.url ?? baseURL
    }
}

/// A server's answer that is not an error.
struct HTTPAnswer: Sendable {
    var status: Int
    var body: Data
    /// How often the request was sent.
    var attempts: Int
    private let headers: [String: String]

    init(_ response: HTTPURLResponse, body: Data, attempts: Int) {
        status = response.statusCode
        self.body = body
        self.attempts = attempts
        var headers: [String: String] = [:]
        for case (let name as String, let value as String) in response.allHeaderFields {
            headers[name.lowercased()] = value
        }
        self.headers = headers
    }

    /// A header's value; names are case-insensitive (RFC 9110 §5.1).
    func header(_ name: String) -> String? {
        headers[name.lowercased()]
    }
}
