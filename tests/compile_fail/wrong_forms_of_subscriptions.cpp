// all errors
#include "testing.pb.h"

#include <stele/projections/subscriptions/subscription_runner.hpp>

namespace hana = boost::hana;
using testing::Decremented;
using testing::Incremented;

/// A whole subscription; each of those below has one part in another form, or lacks it.
struct whole {
    static constexpr auto name = "whole";
    static constexpr auto events = hana::tuple_t<Incremented>;
    void on(const Incremented&, const stele::recorded_event&) {}
};

template <class S>
auto use() {
    return stele::detail::define_subscription(std::make_shared<S>());
}

// error: `on` of this event has another form: make it `void on(const Event& event, const stele::recorded_event& at)`
struct wrong_0 : whole {
    bool on(const Incremented&, const stele::recorded_event&) { return true; }
};
const auto use_0 = use<wrong_0>();

// error: `on` of this event has another form: make it `void on(const Event& event, const stele::recorded_event& at)`
struct wrong_1 : whole {
    void on(Incremented&, const stele::recorded_event&) {}
};
const auto use_1 = use<wrong_1>();

// error: `on` of this event has another form: make it `void on(const Event& event, const stele::recorded_event& at)`
struct wrong_2 : whole {
    void on(const Incremented&) {}
};
const auto use_2 = use<wrong_2>();

// error: for each event in `events` add to the subscription: `void on(const Event& event, const stele::recorded_event&
// at)`
struct wrong_3 : whole {
    static constexpr auto events = hana::tuple_t<Incremented, Decremented>;
};
const auto use_3 = use<wrong_3>();

// error: `on` of this removal has another form: make it `void on(const stele::stream_deleted&, const
// stele::recorded_event& at)`
struct wrong_4 : whole {
    static constexpr auto events = hana::tuple_t<stele::stream_deleted>;
    void on(const stele::stream_deleted&) {}
};
const auto use_4 = use<wrong_4>();

// error: for each removal in `events` add to the subscription: `void on(const stele::stream_deleted&, const
// stele::recorded_event& at)`
struct wrong_5 : whole {
    static constexpr auto events = hana::tuple_t<Incremented, stele::stream_truncated>;
};
const auto use_5 = use<wrong_5>();

// error: this subscription takes stele::stream_deleted or stele::stream_truncated, which are not in its list: add them
// to `events`
struct wrong_6 : whole {
    using whole::on;
    void on(const stele::stream_deleted&, const stele::recorded_event&) {}
};
const auto use_6 = use<wrong_6>();

// error: `on_fault` of a subscription is stele::on_fault::stop, skip or dead_letter: make it
struct wrong_7 : whole {
    static constexpr auto on_fault = "skip";
};
const auto use_7 = use<wrong_7>();

// error: the name of a subscription has 1 to 64 letters, digits, '_' and '-'
struct wrong_8 : whole {
    static constexpr auto name = "two words";
};
const auto use_8 = use<wrong_8>();

// error: `dead_letter_key` has another form: make it `static std::string dead_letter_key(const stele::recorded_event&
// event)`
struct wrong_9 : whole {
    static int dead_letter_key(const stele::recorded_event&) { return 1; }
};
const auto use_9 = use<wrong_9>();

// error: add to the subscription its name: `static constexpr auto name = "…";`
struct wrong_10 {
    static constexpr auto events = hana::tuple_t<Incremented>;
    void on(const Incremented&, const stele::recorded_event&) {}
};
const auto use_10 = use<wrong_10>();

// error: add to the subscription the list of events: `static constexpr auto events = hana::tuple_t<FirstEvent,
// SecondEvent>;`
struct wrong_11 {
    static constexpr auto name = "nothing";
    void on(const Incremented&, const stele::recorded_event&) {}
};
const auto use_11 = use<wrong_11>();

// error: add<S>() constructs the subscription without arguments, which this one does not allow: pass an object,
// `add(S{…})`
struct wrong_12 : whole {
    explicit wrong_12(int) {}
};
void add_12(stele::subscription_runner& runner) {
    runner.add<wrong_12>();
}
