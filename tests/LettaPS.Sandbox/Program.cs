var app = WebApplication.Create(args);
app.MapGet("/v1/health/", () => new { version = "0.16.8", status = "ok" });
app.Run();
