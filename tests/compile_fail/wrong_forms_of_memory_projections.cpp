// all errors
#include "testing.pb.h"

#include <stele/projections/projection_runner.hpp>

namespace hana = boost::hana;
using testing::Incremented;

/// A projection in memory without its project(); those below have one in another form.
struct sum {
    static constexpr auto name = "sum";
    static constexpr int version = 1;
    static constexpr auto events = hana::tuple_t<Incremented>;
};

// error: `project` of this event has another form: make it `void project(const Event& event, const
// stele::recorded_event& at);`
struct wrong_0 : sum {
    int project(const Incremented&, const stele::recorded_event&) { return 1; }
};
void use(stele::projection_runner& runner, wrong_0*) {
    runner.add<wrong_0>();
}

// error: `project` of this event has another form: make it `void project(const Event& event, const
// stele::recorded_event& at);`
struct wrong_1 : sum {
    void project(Incremented&, const stele::recorded_event&) {}
};
void use(stele::projection_runner& runner, wrong_1*) {
    runner.add<wrong_1>();
}

// error: `project` of this event has another form: make it `void project(const Event& event, const
// stele::recorded_event& at);`
struct wrong_2 : sum {
    void project(const Incremented&) {}
};
void use(stele::projection_runner& runner, wrong_2*) {
    runner.add<wrong_2>();
}
