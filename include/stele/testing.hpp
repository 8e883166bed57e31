#pragma once

/// Given, when, then: for tests, never for production. Link stele::testing.

#include <stele/testing/check_determinism.hpp>
#include <stele/testing/given.hpp>
#include <stele/testing/given_process.hpp>
#include <stele/testing/given_projection.hpp>
#include <stele/testing/manual_clock.hpp>
#include <stele/testing/passing_time.hpp>
#include <stele/testing/recorded.hpp>
