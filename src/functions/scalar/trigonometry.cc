// Trigonometric and hyperbolic functions, in radians and in degrees. Those in degrees are exact where a multiple of 30
// or 45 degrees is.
#include <numbers>

#include "functions/double_functions.h"

namespace llkv {

namespace {

double Degrees(double x) { return x * (180 / std::numbers::pi); }
double Radians(double x) { return x * (std::numbers::pi / 180); }

// Of a finite angle; an infinite one has none.
template <double (*f)(double)>
const MathError* OfAngle(double x, double* result) {
  *result = f(x);
  return std::isinf(x) ? &kInputOutOfRange : nullptr;
}

// Defined between -1 and 1.
template <double (*f)(double)>
const MathError* Arc(double x, double* result) {
  *result = f(x);
  return x < -1 || x > 1 ? &kInputOutOfRange : nullptr;
}

const MathError* HyperbolicArcCosine(double x, double* result) {
  *result = std::acosh(x);
  return x < 1 ? &kInputOutOfRange : nullptr;
}

double Cotangent(double x) { return 1 / std::tan(x); }

// ---- degrees, as PostgreSQL computes them: scaled so that the corners come out exactly ------------------------------

const double kSine30 = std::sin(Radians(30));
const double kOneMinusCosine60 = 1 - std::cos(Radians(60));
const double kArcSineHalf = std::asin(0.5);
const double kArcCosineHalf = std::acos(0.5);
const double kArcTangent1 = std::atan(1.0);

double Sine0To30(double x) { return std::sin(Radians(x)) / kSine30 / 2; }
double Cosine0To60(double x) { return 1 - (1 - std::cos(Radians(x))) / kOneMinusCosine60 / 2; }
double SineQuadrant(double x) { return x <= 30 ? Sine0To30(x) : Cosine0To60(90 - x); }
double CosineQuadrant(double x) { return x <= 60 ? Cosine0To60(x) : Sine0To30(90 - x); }

// An angle in the first quadrant, and the signs that the functions have in its own.
struct Quadrant {
  explicit Quadrant(double x) : angle(std::fmod(x, 360)) {
    if (angle < 0) {
      angle = -angle;
      sine = -1;
    }
    if (angle > 180) {
      angle = 360 - angle;
      sine = -sine;
    }
    if (angle > 90) {
      angle = 180 - angle;
      cosine = -1;
    }
  }

  double angle;
  double sine = 1;
  double cosine = 1;
};

double SineDegrees(double x) {
  const Quadrant q(x);
  return q.sine * SineQuadrant(q.angle);
}

double CosineDegrees(double x) {
  const Quadrant q(x);
  return q.cosine * CosineQuadrant(q.angle);
}

double TangentDegrees(double x) {
  static const double at_45 = SineQuadrant(45) / CosineQuadrant(45);
  const Quadrant q(x);
  const double result = q.sine * q.cosine * (SineQuadrant(q.angle) / CosineQuadrant(q.angle) / at_45);
  return result == 0 ? 0 : result;
}

double CotangentDegrees(double x) {
  static const double at_45 = CosineQuadrant(45) / SineQuadrant(45);
  const Quadrant q(x);
  const double result = q.sine * q.cosine * (CosineQuadrant(q.angle) / SineQuadrant(q.angle) / at_45);
  return result == 0 ? 0 : result;
}

double ArcSineQuadrant(double x) {
  if (x <= 0.5) return std::asin(x) / kArcSineHalf * 30;
  return 90 - std::acos(x) / kArcCosineHalf * 60;
}

double ArcCosineQuadrant(double x) {
  if (x <= 0.5) return 90 - std::asin(x) / kArcSineHalf * 30;
  return std::acos(x) / kArcCosineHalf * 60;
}

double ArcSineDegrees(double x) { return x >= 0 ? ArcSineQuadrant(x) : -ArcSineQuadrant(-x); }
double ArcCosineDegrees(double x) { return x >= 0 ? ArcCosineQuadrant(x) : 90 + ArcSineQuadrant(-x); }
double ArcTangentDegrees(double x) { return std::atan(x) / kArcTangent1 * 45; }

double ArcTangent2(double y, double x) { return std::atan2(y, x); }
double ArcTangent2Degrees(double y, double x) { return std::atan2(y, x) / kArcTangent1 * 45; }

template <double (*f)(double, double)>
arrow::Status PairKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  MapBinary<double, double, double>(args, selection, out, f);
  return arrow::Status::OK();
}

template <double (*f)(double, double)>
arrow::Result<BoundScalar> BindPair(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{TypeId::kDouble, TypeId::kDouble}, TypeId::kDouble, PairKernel<f>}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterTrigonometry(FunctionRegistry& registry) {
  const auto add = [&](const char* name, const char* text, const char* example, auto bind) {
    registry.Add(ScalarFunction{name, {}, text, example, bind});
  };
  add("sin", "Sine.", "sin(0)", BindDouble<OfAngle<std::sin>>);
  add("cos", "Cosine.", "cos(0)", BindDouble<OfAngle<std::cos>>);
  add("tan", "Tangent.", "tan(0)", BindDouble<OfAngle<std::tan>>);
  add("cot", "Cotangent.", "cot(1)", BindDouble<OfAngle<Cotangent>, true>);
  add("asin", "Arc sine.", "asin(1)", BindDouble<Arc<std::asin>>);
  add("acos", "Arc cosine.", "acos(1)", BindDouble<Arc<std::acos>>);
  add("atan", "Arc tangent.", "atan(1)", BindDouble<Total<std::atan>>);
  add("atan2", "Arc tangent of y / x.", "atan2(1, 1)", BindPair<ArcTangent2>);
  add("sind", "Sine of an angle in degrees.", "sind(30)", BindDouble<OfAngle<SineDegrees>>);
  add("cosd", "Cosine of an angle in degrees.", "cosd(60)", BindDouble<OfAngle<CosineDegrees>>);
  add("tand", "Tangent of an angle in degrees.", "tand(45)", BindDouble<OfAngle<TangentDegrees>, true>);
  add("cotd", "Cotangent of an angle in degrees.", "cotd(45)", BindDouble<OfAngle<CotangentDegrees>, true>);
  add("asind", "Arc sine in degrees.", "asind(0.5)", BindDouble<Arc<ArcSineDegrees>>);
  add("acosd", "Arc cosine in degrees.", "acosd(0.5)", BindDouble<Arc<ArcCosineDegrees>>);
  add("atand", "Arc tangent in degrees.", "atand(1)", BindDouble<Total<ArcTangentDegrees>>);
  add("atan2d", "Arc tangent of y / x in degrees.", "atan2d(1, 0)", BindPair<ArcTangent2Degrees>);
  add("sinh", "Hyperbolic sine.", "sinh(1)", BindDouble<Total<std::sinh>>);
  add("cosh", "Hyperbolic cosine.", "cosh(0)", BindDouble<Total<std::cosh>>);
  add("tanh", "Hyperbolic tangent.", "tanh(1)", BindDouble<Total<std::tanh>>);
  add("asinh", "Inverse hyperbolic sine.", "asinh(1)", BindDouble<Total<std::asinh>>);
  add("acosh", "Inverse hyperbolic cosine.", "acosh(1)", BindDouble<HyperbolicArcCosine>);
  add("atanh", "Inverse hyperbolic tangent.", "atanh(0.5)", BindDouble<Arc<std::atanh>, true>);
  add("degrees", "Radians as degrees.", "degrees(pi())", BindDouble<Total<Degrees>>);
  add("radians", "Degrees as radians.", "radians(180)", BindDouble<Total<Radians>>);
}

}  // namespace llkv
