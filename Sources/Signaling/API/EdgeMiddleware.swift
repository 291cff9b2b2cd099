// Around every route: CORS on all answers, preflights, problems for errors, counts, one debug line without the query.

import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging

struct EdgeMiddleware: RouterMiddleware {
    let statistics: EdgeStatistics

    func handle(
        _ request: Request, context: EdgeContext, next: (Request, EdgeContext) async throws -> Response
    ) async throws -> Response {
        var response = await answer(request, context, next)
        CrossOrigin.add(to: &response.headers)
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.date] = HTTPDate.now
        statistics.responded(response.status.code)
        // The query of a signaling URL holds the token: the path only.
        context.logger.debug(
            "request",
            metadata: [
                "method": "\(request.method.rawValue)", "path": "\(request.uri.path)",
                "status": "\(response.status.code)",
            ])
        return response
    }

    private func answer(
        _ request: Request, _ context: EdgeContext, _ next: (Request, EdgeContext) async throws -> Response
    ) async -> Response {
        if request.method == .options { return Response(status: .noContent) }
        do {
            return try await next(request, context)
        } catch let problem as Problem {
            return problem.response
        } catch let error as HTTPError {
            return Problem(error.status, detail: error.body).response
        } catch {
            context.logger.error("route failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            return Problem(.internalServerError).response
        }
    }
}
