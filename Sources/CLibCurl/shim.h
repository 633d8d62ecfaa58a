#include <curl/curl.h>
#include <sys/prctl.h>

// libcurl's setopt and getinfo functions are variadic, and Swift cannot call variadic C
// functions: one function per C type of the last argument stands here instead.

static inline CURLcode slipway_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode slipway_set_size(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode slipway_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode slipway_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode slipway_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

/// The bytes are copied by libcurl.
static inline CURLcode slipway_set_blob(
    CURL *easy, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
    return curl_easy_setopt(easy, option, &blob);
}

typedef size_t (*slipway_data_callback)(char *bytes, size_t size, size_t count, void *context);
typedef int (*slipway_start_callback)(
    void *context, char *remote, char *local, int remote_port, int local_port);
typedef int (*slipway_socket_callback)(void *context, curl_socket_t socket, curlsocktype purpose);

static inline CURLcode slipway_on_body(CURL *easy, slipway_data_callback callback, void *context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, callback);
    return code ? code : curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
}

static inline CURLcode slipway_on_header(
    CURL *easy, slipway_data_callback callback, void *context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, callback);
    return code ? code : curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
}

/// Called each time the request is about to be sent on a connection.
static inline CURLcode slipway_on_start(
    CURL *easy, slipway_start_callback callback, void *context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, callback);
    return code ? code : curl_easy_setopt(easy, CURLOPT_PREREQDATA, context);
}

static inline CURLcode slipway_on_socket(CURL *easy, slipway_socket_callback callback) {
    return curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, callback);
}

static inline CURLcode slipway_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode slipway_get_size(CURL *easy, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLcode slipway_get_pointer(CURL *easy, CURLINFO info, void **value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLMcode slipway_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

/// Names the calling thread; at most 15 bytes. Variadic as well.
static inline void slipway_name_thread(const char *name) {
    prctl(PR_SET_NAME, name);
}
