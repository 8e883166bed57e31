#pragma once

// What most tests include, for STELE_PRECOMPILE. A test includes what it uses all the same: other builds do not have
// this.

#include <stele/eventstore/memory/memory_store.hpp>
#include <stele/stele.hpp>
#include <stele/testing/given.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <random>
#include <set>
#include <thread>
