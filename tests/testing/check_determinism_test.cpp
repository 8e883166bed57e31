#include "support/counter.hpp"

#include <stele/testing/check_determinism.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <string>

using namespace testing;
using stele::check_determinism;

namespace {

std::string failure(const std::function<void()>& check) {
    try {
        check();
    } catch (const stele::scenario_failed& e) {
        return e.what();
    }
    return "nothing failed";
}

/// Adds up, and can be told to make each mistake.
template <int Mistake>
struct sum {
    static constexpr auto category = "sum";
    static constexpr auto events = hana::tuple_t<Incremented, Decremented>;

    std::int64_t value = 0;
    std::int64_t steps = 0;

    void evolve(const Incremented& event) {
        static std::int64_t calls = 0;
        value += Mistake == 1 ? ++calls : event.by();
        ++steps;
    }
    void evolve(const Decremented& event) {
        value -= event.by();
        ++steps;
        if (Mistake == 3 && steps % 2 == 0) value = 0;
    }
    friend bool operator==(const sum& a, const sum& b) {
        return a.value == b.value && (Mistake == 3 || a.steps == b.steps);
    }
};

/// The same with snapshots. Mistakes 2 and 3: it forgets a part of the state.
template <int Mistake>
struct kept_sum : sum<Mistake> {
    [[nodiscard]] Incremented snapshot() const {
        Incremented saved;
        saved.set_by(Mistake >= 2 ? this->value : this->value * 1000 + this->steps);
        return saved;
    }
    void restore(const Incremented& saved) {
        this->value = Mistake >= 2 ? saved.by() : saved.by() / 1000;
        this->steps = Mistake >= 2 ? 0 : saved.by() % 1000;
    }
    friend bool operator==(const kept_sum&, const kept_sum&) = default;
};

}  // namespace

TEST_CASE("an aggregate that depends only on its events") {
    CHECK_NOTHROW(check_determinism<sum<0>>());
    CHECK_NOTHROW(check_determinism<sum<0>>(incremented(1), incremented(2), decremented(1)));
    CHECK_NOTHROW(check_determinism<kept_sum<0>>(incremented(1), incremented(2), decremented(1)));
}

TEST_CASE("an aggregate that depends on something else") {
    CHECK(failure([] {
              check_determinism<sum<1>>(incremented(1), incremented(2));
          }).find("The state of \"sum\" after 1 event differs when it is folded twice") == 0);
}

TEST_CASE("a snapshot that forgets a part of the state") {
    CHECK(failure([] {
              check_determinism<kept_sum<2>>(incremented(5));
          }).find("after 1 event differs when it is restored from a snapshot:") != std::string::npos);
    // Here only the events after it reveal the difference.
    const auto text = failure([] { check_determinism<kept_sum<3>>(decremented(5), decremented(5)); });
    CHECK(text.find("after 2 events differs when it is restored from a snapshot, and folded on") != std::string::npos);
    CHECK(text.find("    by: -10  ") == std::string::npos);
    CHECK(text.find("by: -10") != std::string::npos);
}
