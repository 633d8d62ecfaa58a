#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>
#include <git2/sys/transport.h>

// Swift cannot call functions with variable arguments: one function for each type of option.

static inline int slipway_git_set_size(int option, size_t value) {
    return git_libgit2_opts(option, value);
}

static inline int slipway_git_set_flag(int option, int value) {
    return git_libgit2_opts(option, value);
}

static inline int slipway_git_set_cache_size(ssize_t bytes) {
    return git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, bytes);
}

static inline int slipway_git_set_search_path(int level, const char *path) {
    return git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, path);
}

// libgit2 hands the first member back to the callbacks; what Swift needs stands behind it. C keeps
// the first member at the address of the whole, which Swift does not promise for its own structs.

typedef struct {
    git_smart_subtransport base;
    void *context;
} slipway_subtransport;

typedef struct {
    git_smart_subtransport_stream base;
    void *context;
} slipway_subtransport_stream;
