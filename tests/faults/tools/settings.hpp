#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>

/// A number from the environment, for example STELE_ROUNDS=1000; nothing if it is not set.
inline std::optional<std::uint64_t> environment_number(const char* name) {
    const char* const text = std::getenv(name);
    if (text == nullptr || *text == '\0') return std::nullopt;
    return std::stoull(text);
}

/// Only one in this many faults and cuts is tested, others in each run: STELE_ONE_IN, or 1. Sanitizer runs, which take
/// ten times as long, test a part; so does `./dev test`.
inline std::uint64_t one_in() {
    return environment_number("STELE_ONE_IN").value_or(1);
}

/// The seed of the random choices of this run: STELE_SEED, or another one each time. Tests print it when they fail;
/// with the same seed they make the same choices.
inline std::uint64_t run_seed() {
    static const std::uint64_t seed = environment_number("STELE_SEED").value_or(std::random_device{}());
    return seed;
}

/// The call to test after the `n`th: of calls that are counted from 1 the first one is always tested, because there may
/// be no other, and then one in one_in().
inline std::uint64_t next_tested(std::uint64_t n) {
    return n == 1 ? 2 + run_seed() % one_in() : n + one_in();
}
