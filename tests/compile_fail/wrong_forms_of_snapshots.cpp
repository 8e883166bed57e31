// all errors
#include "testing.pb.h"

#include <stele/aggregates/repository.hpp>

using testing::BoardSnapshot;

/// A state with snapshots; each of those below has one part in another form.
struct board {
    using snapshot_type = BoardSnapshot;
    static constexpr auto snapshot_policy = stele::snapshot_every(100);
    BoardSnapshot snapshot() const { return {}; }
    void restore(const BoardSnapshot&) {}
};

// error: `snapshot` has another form: make it `snapshot_type snapshot() const;`
struct wrong_0 : board {
    BoardSnapshot snapshot() { return {}; }
};
static_assert(stele::detail::check_snapshot<wrong_0>());

// error: `snapshot` has another form: make it `snapshot_type snapshot() const;`
struct wrong_1 : board {
    int snapshot() const { return 1; }
};
static_assert(stele::detail::check_snapshot<wrong_1>());

// error: `restore` has another form: make it `void restore(const snapshot_type& saved);`
struct wrong_2 : board {
    bool restore(const BoardSnapshot&) { return true; }
};
static_assert(stele::detail::check_snapshot<wrong_2>());

// error: `restore` has another form: make it `void restore(const snapshot_type& saved);`
struct wrong_3 : board {
    void restore(BoardSnapshot&) {}
};
static_assert(stele::detail::check_snapshot<wrong_3>());

// error: `snapshot_policy` has another form: make it
struct wrong_4 : board {
    static constexpr int snapshot_policy = 100;
};
static_assert(stele::detail::check_snapshot<wrong_4>());

// error: `snapshot_policy` has another form: make it
struct wrong_5 : board {
    stele::snapshot_policy snapshot_policy = stele::snapshot_every(100);
};
static_assert(stele::detail::check_snapshot<wrong_5>());
