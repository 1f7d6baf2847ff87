#include <microhttpd.h>

/* MHD_start_daemon is variadic, which Swift cannot call. One thread serves `listener`, which the daemon closes when it stops. */
static inline struct MHD_Daemon *eventhorizon_http_start(
    int listener, unsigned int connection_limit, unsigned int timeout_seconds, size_t connection_memory_bytes,
    MHD_AccessHandlerCallback handler, void *context)
{
    return MHD_start_daemon(
        MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, handler, context,
        MHD_OPTION_LISTEN_SOCKET, (MHD_socket) listener,
        MHD_OPTION_CONNECTION_LIMIT, connection_limit,
        MHD_OPTION_CONNECTION_TIMEOUT, timeout_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory_bytes,
        MHD_OPTION_END);
}
