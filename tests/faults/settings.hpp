#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>

/// A number from the environment, for example STELE_ROUNDS=1000; nothing when it is not set.
inline std::optional<std::uint64_t> environment_number(const char* name) {
    const char* const text = std::getenv(name);
    if (text == nullptr || *text == '\0') return std::nullopt;
    return std::stoull(text);
}

/// Of all faults and cuts that there are, only one in so many has its turn, others in each run: STELE_ONE_IN, or 1. The
/// sanitizers, under which each takes ten times as long, look at a part.
inline std::uint64_t one_in() {
    return environment_number("STELE_ONE_IN").value_or(1);
}

/// What the random choices of this run follow from: STELE_SEED, or else another one each time. Tests print it when
/// they fail, and do the same again when they are given it.
inline std::uint64_t run_seed() {
    static const std::uint64_t seed = environment_number("STELE_SEED").value_or(std::random_device{}());
    return seed;
}
