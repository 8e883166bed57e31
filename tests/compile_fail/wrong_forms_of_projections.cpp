// all errors
#include "testing.pb.h"

#include <stele/projections/projection_runner.hpp>

namespace hana = boost::hana;
using testing::Incremented;

/// A whole projection; each of those below has one part in another form.
struct totals {
    static constexpr auto name = "totals";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
    static void create(stele::read_model&) {}
    static void project(const Incremented&, const stele::recorded_event&, stele::read_model&) {}
};

// error: `project` of this event has another form: make it `void project(const Event& event, const
// stele::recorded_event& at, stele::read_model& db)`
struct wrong_0 : totals {
    static bool project(const Incremented&, const stele::recorded_event&, stele::read_model&) { return true; }
};
const auto use_0 = stele::detail::define_projection<wrong_0>();

// error: `project` of this event has another form: make it `void project(const Event& event, const
// stele::recorded_event& at, stele::read_model& db)`
struct wrong_1 : totals {
    static void project(Incremented&, const stele::recorded_event&, stele::read_model&) {}
};
const auto use_1 = stele::detail::define_projection<wrong_1>();

// error: `project` of this event has another form: make it `void project(const Event& event, const
// stele::recorded_event& at, stele::read_model& db)`
struct wrong_2 : totals {
    static bool project(const Incremented&, const stele::recorded_event&) { return true; }
};
const auto use_2 = stele::detail::define_projection<wrong_2>();

// error: `project` of this event has another form: make it `void project(const Event& event, const
// stele::recorded_event& at, stele::read_model& db)`
struct wrong_3 : totals {
    static void project(const Incremented&, stele::read_model&) {}
};
const auto use_3 = stele::detail::define_projection<wrong_3>();

// error: `project` of this event has another form: make it `void project(const Event& event, const
// stele::recorded_event& at, stele::read_model& db)`
struct wrong_4 : totals {
    static void project(const Incremented&) {}
};
const auto use_4 = stele::detail::define_projection<wrong_4>();

// error: `create` of a projection has another form: make it `static void create(stele::read_model& db)`
struct wrong_5 : totals {
    static bool create(stele::read_model&) { return true; }
};
const auto use_5 = stele::detail::define_projection<wrong_5>();

// error: `create` of a projection has another form: make it `static void create(stele::read_model& db)`
struct wrong_6 : totals {
    static void create() {}
};
const auto use_6 = stele::detail::define_projection<wrong_6>();

// error: `on_fault` is stele::on_fault::stop or stele::on_fault::dead_letter: make it
struct wrong_7 : totals {
    static constexpr auto on_fault = "stop";
};
const auto use_7 = stele::detail::define_projection<wrong_7>();

// error: `on_fault` is stele::on_fault::stop or stele::on_fault::dead_letter: make it
struct wrong_8 : totals {
    static constexpr bool on_fault = true;
};
const auto use_8 = stele::detail::define_projection<wrong_8>();

// error: `on_fault` is stele::on_fault::stop or stele::on_fault::dead_letter: make it
struct wrong_9 : totals {
    stele::on_fault on_fault = stele::on_fault::stop;
};
const auto use_9 = stele::detail::define_projection<wrong_9>();

// error: `on_fault` is stele::on_fault::stop or stele::on_fault::dead_letter: make it
struct wrong_10 : totals {
    static inline stele::on_fault on_fault = stele::on_fault::stop;
};
const auto use_10 = stele::detail::define_projection<wrong_10>();

// error: `dead_letter_key` has another form: make it
struct wrong_11 : totals {
    static int dead_letter_key(const stele::recorded_event&) { return 1; }
};
const auto use_11 = stele::detail::define_projection<wrong_11>();

// error: `dead_letter_key` has another form: make it
struct wrong_12 : totals {
    static std::string dead_letter_key(const std::string& key) { return key; }
};
const auto use_12 = stele::detail::define_projection<wrong_12>();

struct reporting : totals {
    static constexpr auto effects = hana::tuple_t<Incremented>;
};

// error: `effect` of this event has another form: make it
struct wrong_effect_0 : reporting {
    static bool effect(const Incremented&, const stele::recorded_event&) { return true; }
};
const auto use_effect_0 = stele::detail::define_effects<wrong_effect_0>(nullptr);

// error: `effect` of this event has another form: make it
struct wrong_effect_1 : reporting {
    static void effect(const Incremented&) {}
};
const auto use_effect_1 = stele::detail::define_effects<wrong_effect_1>(nullptr);
