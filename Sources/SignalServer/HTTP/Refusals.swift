// Turns every refusal, ours or the router's, into the one JSON form that clients know.
// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Hummingbird
import NIOCore
import Signaling

extension SignalingError {
    /// The answer that tells this error: its status, and `{"code": …, "message": …}`.
    func response(status: HTTPResponse.Status? = nil) -> Response {
        var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
        let status = status ?? HTTPResponse.Status(code: code.httpStatus)
        // RFC 6750 §3: what kind of credentials would help.
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        return Response(status: status, headers: headers, body: .init(byteBuffer: body))
    }

    /// The body of that answer.
    var body: ByteBuffer { ByteBuffer(bytes: ErrorBody(self).encoded()) }
}

/// The outermost middleware: counts answers, gives refusals their form, and sets what every answer carries.
struct RefusalMiddleware<Context: RequestContext>: RouterMiddleware {
    let metrics: ServerMetrics

    func handle(
        _ request: Request, context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as SignalingError {
            metrics.countRefusal(code: error.code.rawValue)
            response = error.response()
        } catch let error as any HTTPResponseError {
            response = Self.refusal(of: error.status).response(status: error.status)
        }
        response.headers[.xContentTypeOptions] = "nosniff"
        // A page's address may hold a token: never tell it to others.
        response.headers[.referrerPolicy] = "no-referrer"
        // Refusals too: without it a page cannot read why it was refused.
        if SessionDescriptionRoutes.isOpenToAllOrigins(request.uri.path) {
            response.headers[.accessControlAllowOrigin] = "*"
        }
        metrics.countResponse(status: response.status.code)
        return response
    }

    /// The error of our table that fits a refusal of the router or of the file server.
    private static func refusal(of status: HTTPResponse.Status) -> SignalingError {
        switch status {
        case .notFound: SignalingError(.notFound)
        case .methodNotAllowed: SignalingError(.methodNotAllowed)
        case .contentTooLarge: SignalingError(.messageTooLarge)
        case .internalServerError: SignalingError(.internalError)
        default: SignalingError(.invalidArgument, detail: "The request is malformed; correct it.")
        }
    }
}
