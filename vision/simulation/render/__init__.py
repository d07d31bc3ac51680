"""Pictures of the simulated gate: meshes, scenery, light and weather, the renderer. Needs OpenCV."""
